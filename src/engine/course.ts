import type { Splits } from "../domain/budget.ts";
import type { OptimizeSpec } from "../domain/spec.ts";
import type { Cost } from "./budget.ts";
import type { Prices } from "./prices.ts";

/** What stays the same from the first decision of a run to the last. */
export interface Course {
  readonly spec: OptimizeSpec;
  readonly splits: Splits;
  readonly prices: Prices;
  /** Kept back for the final test. */
  readonly reserve: Cost;
}
