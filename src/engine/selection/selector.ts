import type { FrontMember } from "../../domain/candidate.ts";
import type { Rng } from "../../base/rng.ts";
import type { Beliefs } from "../belief.ts";
import type { Member } from "../state.ts";

/** What a selector sees. The pool is never empty. */
export interface SelectionView {
  readonly pool: readonly Member[];
  readonly validation: readonly string[];
  /** The Pareto front, best first; empty where nothing has a score. */
  readonly front: readonly FrontMember[];
  readonly bestId: string;
  /** What is believed of each candidate; absent where only wins on the front are to count. */
  readonly beliefs?: Beliefs;
  /** How each candidate does by each objective the caller named, higher is better. */
  readonly goals?: ReadonlyMap<string, readonly number[]>;
}

/** Chooses the candidate the next proposal starts from. */
export type Selector = (view: SelectionView, rng: Rng) => string;
