import type { Bar, Belief } from "./bar.ts";
import { beliefIn, lead } from "./belief.ts";
import type { Rollout } from "./evaluate.ts";

/** Shares of the validation examples after which a race is looked at. Few, because each is a wait for the slowest call. */
const RUNGS = [0.15, 0.3, 0.6, 1];
/** Examples of the first block at least: fewer say nothing. */
const MIN_BLOCK = 5;
/**
 * A candidate stays in the race for as long as it is believed to be ahead of the best, by however little. What it takes
 * to be sure is spent later, on those that become parents and on those that might win at the end.
 */
const STAYING_LEAD = 0;
/** At the end a paused candidate is given another chance unless it is this many standard deviations behind the best. */
const RETURNING_LEAD = -0.5;

/** The examples of a validation in blocks, in the order they are run. */
export function blocksOf(order: readonly string[], racing: boolean): string[][] {
  if (!racing) return [[...order]];
  const blocks: string[][] = [];
  let from = 0;
  for (const rung of RUNGS) {
    const to = Math.min(order.length, Math.max(from + MIN_BLOCK, Math.ceil(rung * order.length)));
    const isTail = order.length - to < MIN_BLOCK; // a last block of two or three is not worth a wait of its own
    blocks.push(order.slice(from, isTail ? order.length : to));
    if (isTail) return blocks;
    from = to;
  }
  return blocks;
}

/** One candidate's run through the blocks. */
export interface Entrant {
  readonly blocks: readonly (readonly string[])[];
  readonly bar: Bar;
  readonly prior: Belief;
  /** Scores it has on validation examples already. */
  readonly scores: Readonly<Record<string, number>>;
  /** Examples it was run on already, with or without success. */
  readonly done: readonly string[];
  /** Runs it may take. */
  readonly allowance: number;
}

/**
 * Runs a candidate block by block for as long as it seems to be better than the best and its allowance lasts. Gives
 * the rollouts it took; what is missing afterwards is missing because it was paused.
 */
export async function race(
  entrant: Entrant,
  evaluate: (exampleIds: readonly string[]) => Promise<Rollout[]>,
): Promise<readonly (readonly Rollout[])[]> {
  const { bar, prior, blocks } = entrant;
  const scores: Record<string, number> = { ...entrant.scores };
  const done = new Set(entrant.done);
  const taken: Rollout[][] = [];
  let left = entrant.allowance;
  for (const block of blocks) {
    const open = block.filter((id) => !done.has(id)).slice(0, left);
    if (open.length === 0) continue;
    const seen = Object.keys(scores).filter((id) => bar.scale.expected[id] !== undefined).length;
    if (seen >= MIN_BLOCK && lead(beliefIn(bar.scale, scores, prior), bar.best) < STAYING_LEAD) break;
    const rollouts = await evaluate(open);
    taken.push(rollouts);
    left -= open.length;
    for (const { evaluation } of rollouts) {
      done.add(evaluation.exampleId);
      if (evaluation.score !== undefined) scores[evaluation.exampleId] = evaluation.score;
    }
  }
  return taken;
}

/** Whether a candidate that was paused may still turn out to be the best. */
export function isPromising(belief: Belief, best: Belief): boolean {
  return lead(belief, best) >= RETURNING_LEAD;
}
