import type { Splits } from "../domain/budget.ts";
import type { OptimizeSpec } from "../domain/spec.ts";
import type { Cost } from "./budget.ts";
import type { ConstraintCheck } from "./constraints.ts";
import type { Prices } from "./prices.ts";
import type { Tactics } from "./tactics.ts";

/** What stays the same from the first decision of a run to the last. */
export interface Course {
  readonly spec: OptimizeSpec;
  readonly splits: Splits;
  /** The validation examples, shuffled, so that a block is a fair sample. */
  readonly order: readonly string[];
  readonly prices: Prices;
  /** What speaks against a text, whoever writes it. */
  readonly constraints: ConstraintCheck;
  readonly tactics: Tactics;
  /** Kept back from the search: the final test and the pruning of the champion. */
  readonly reserve: Cost;
  /** Of it, the final test; nothing where the budget is too small for one. */
  readonly testing: Cost;
}
