import type { Rng } from "../../base/rng.ts";
import type { Selector } from "./selector.ts";

/** Share of a belief's spread that is drawn from: 1 would be Thompson's rule, which explores more than budgets allow. */
const DRAWN_SPREAD = 0.5;

/**
 * Where beliefs are at hand, draws each candidate's quality from what is believed of it (Thompson, 1933) and takes the
 * highest. Else draws from the front by the examples each candidate wins (GEPA, algorithm 2).
 */
export const pareto: Selector = ({ pool, front, bestId, beliefs }, rng) => {
  if (front.length === 0) return bestId;
  if (!beliefs)
    return rng.weighted(
      front,
      front.map(({ wins }) => Math.max(1, wins)),
    ).candidateId;
  let chosen = bestId;
  let highest = Number.NEGATIVE_INFINITY;
  for (const { id } of pool) {
    const belief = beliefs.of.get(id);
    if (!belief) continue;
    const drawn = belief.mean + DRAWN_SPREAD * Math.sqrt(belief.variance) * standardNormal(rng);
    if (drawn > highest) {
      highest = drawn;
      chosen = id;
    }
  }
  return chosen;
};

/** A draw from the standard normal distribution (Box and Muller, 1958). */
function standardNormal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.random())) * Math.cos(2 * Math.PI * rng.random());
}
