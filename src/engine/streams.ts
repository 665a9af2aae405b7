import { sha256 } from "../base/digest.ts";
import { createRng, type Rng } from "../base/rng.ts";

/** Hexadecimal digits of a digest that fit a JavaScript integer exactly (52 bits). */
const SEED_DIGITS = 13;

/**
 * A generator of its own for one purpose of one run. Proposals in flight never share a generator, so that the order in
 * which they draw can not matter, and none of them has a state that a checkpoint would have to hold.
 */
export function streamFor(root: number, purpose: string, index: number): Rng {
  return createRng({
    seed: Number.parseInt(sha256(`${root}/${purpose}/${index}`).slice(0, SEED_DIGITS), 16),
  });
}

/** The number all streams of a run are derived from: one draw of the generator the run was given. */
export function drawRoot(rng: Rng): number {
  return rng.below(Number.MAX_SAFE_INTEGER);
}
