import type { Selector } from "./selector.ts";

/** How often the choice is open to the whole pool; the value of gepa 0.1.4. */
const EPSILON = 0.1;

/** The best so far, and now and then anyone of the pool. */
export const epsilonGreedy: Selector = ({ pool, bestId }, rng) =>
  rng.random() < EPSILON ? rng.choice(pool).id : bestId;
