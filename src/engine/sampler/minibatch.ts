import type { Member } from "../state.ts";
import { isKnown } from "../state.ts";
import { SCORE_EPSILON } from "../standing.ts";
import { epochMinibatch } from "./epochs.ts";

/** What a minibatch is drawn from. */
export interface MinibatchView {
  readonly train: readonly string[];
  readonly size: number;
  /** The iteration that asks: 1, 2, 3 …. */
  readonly iteration: number;
  readonly root: number;
  readonly parent: Member;
}

/** The examples a proposal learns from. */
export interface Minibatch {
  readonly exampleIds: readonly string[];
  /** To run the parent on, one list after the other, for as long as it has not failed anywhere. */
  readonly further: readonly (readonly string[])[];
}

/** Minibatches a proposal may draw in search of a failure: a parent that is right 19 times of 20 fails within 8 × 3. */
export const MAX_DRAWS = 8;

/** Whether the parent has nothing to learn from an example: it is known to be perfect there, or can not be run. */
function isSpent(parent: Member, id: string): boolean {
  const score = parent.scores[id];
  return score === undefined ? isKnown(parent, id) : score >= 1 - SCORE_EPSILON;
}

/** Whether the parent is known to be perfect on every example it can learn from. */
export function isMastered(parent: Member, train: readonly string[]): boolean {
  return train.every((id) => isSpent(parent, id));
}

/** The training examples the parent is known to fail on, the worst first. */
export function knownFailures(parent: Member, train: readonly string[]): string[] {
  const score = (id: string) => parent.scores[id] ?? 1;
  return train.filter((id) => score(id) < 1 - SCORE_EPSILON).sort((a, b) => score(a) - score(b));
}

/**
 * The next examples of the epoch that the parent was not run on, filled up with its known failures: those are free.
 * Where none is known the minibatches after it stand by, should the parent be perfect on this one. Undefined where
 * there is nothing left to learn.
 */
export function drawMinibatch({
  train,
  size,
  iteration,
  root,
  parent,
}: MinibatchView): Minibatch | undefined {
  if (isMastered(parent, train)) return undefined;
  const fresh = new Set<string>();
  const windows = Math.ceil(train.length / Math.min(size, train.length));
  // An example can be early in this epoch and late in the next: only two epochs are sure to hold all.
  for (let k = 0; k <= 2 * windows && fresh.size < size * MAX_DRAWS; k++) {
    for (const id of epochMinibatch(train, size, iteration - 1 + k, root)) {
      if (!isKnown(parent, id)) fresh.add(id);
    }
  }
  const ids = [...fresh];
  const failures = knownFailures(parent, train);
  const first = ids.slice(0, size);
  const further: string[][] = [];
  if (failures.length === 0) {
    for (let i = size; i < Math.min(ids.length, size * MAX_DRAWS); i += size)
      further.push(ids.slice(i, i + size));
  }
  return { exampleIds: [...first, ...failures.slice(0, size - first.length)], further };
}
