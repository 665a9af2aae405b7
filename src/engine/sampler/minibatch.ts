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
  /** To learn from where all of `exampleIds` turn out perfect; empty where no failure is known. */
  readonly fallback: readonly string[];
}

/** Whether the parent has nothing to learn from an example: it is known to be perfect there, or can not be run. */
function isSpent(parent: Member, id: string): boolean {
  const score = parent.scores[id];
  return score === undefined ? isKnown(parent, id) : score >= 1 - SCORE_EPSILON;
}

/**
 * The next window of the epoch. Where the parent is known to be perfect on all of it, nothing could be learnt: then
 * examples it failed on or was never tried on, with one success kept for contrast. Undefined where there are none.
 */
export function drawMinibatch(view: MinibatchView): Minibatch | undefined {
  const { parent, train, size } = view;
  const window = epochMinibatch(train, size, view.iteration - 1, view.root);
  const open = train.filter((id) => !isSpent(parent, id));
  const failures = open
    .filter((id) => parent.scores[id] !== undefined)
    .sort((a, b) => (parent.scores[a] ?? 0) - (parent.scores[b] ?? 0));
  const contrast = window.filter((id) => parent.scores[id] !== undefined).slice(0, 1);
  const withContrast = (ids: readonly string[]) =>
    ids.length === 0
      ? []
      : [...ids.slice(0, Math.max(1, size - contrast.length)), ...contrast].slice(0, size);

  if (window.some((id) => !isSpent(parent, id))) {
    return { exampleIds: window, fallback: failures.filter((id) => !window.includes(id)).slice(0, size) };
  }
  const replaced = withContrast([...failures, ...open.filter((id) => !failures.includes(id))]);
  return replaced.length === 0 ? undefined : { exampleIds: replaced, fallback: [] };
}
