import type { Components } from "../domain/spec.ts";
import type { Cost } from "./budget.ts";

/**
 * What proposal k is going to do, decided at once from the state it was admitted in. Plain data: a proposal is a
 * function of its intent and of what the models answer, so a resumed run can take it up again.
 */
export interface Intent {
  readonly iteration: number;
  /** Commits that had happened when it was decided. */
  readonly asOf: number;
  readonly operator: string;
  /** The parent first, then its mate. */
  readonly parentIds: readonly string[];
  readonly ancestorId?: string;
  /** Examples to learn from, or for a merge to compare on. Empty: the parent has nothing left to learn. */
  readonly minibatch: readonly string[];
  /** More of them, run one list after the other while the parent has not failed anywhere. */
  readonly further: readonly (readonly string[])[];
  /** Further examples the parent is known to fail on; they are shown too and cost nothing. */
  readonly failures: readonly string[];
  /** What the reflection model is shown; nothing where none is asked. */
  readonly lessonIds: readonly string[];
  readonly rejectedEdits: readonly RejectedEdit[];
  /** Validation examples the child is run on where it passes its trial. */
  readonly firstBlock: readonly string[];
  /** Its cost at the very most. */
  readonly worst: Cost;
}

/** An edit that did not help. */
export interface RejectedEdit {
  readonly changed: Components;
  /** Mean change of the score on the examples it was tried on; absent where it could not be measured. */
  readonly change?: number;
}
