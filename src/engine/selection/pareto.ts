import type { Rng } from "../../base/rng.ts";
import type { Belief } from "../belief.ts";
import type { Selector } from "./selector.ts";
import { drawTradeOff } from "./trade-off.ts";

/** Share of a belief's spread that is drawn from: 1 would be Thompson's rule, which explores more than budgets allow. */
const DRAWN_SPREAD = 0.5;

/**
 * Where beliefs are at hand, draws each candidate's quality from what is believed of it (Thompson, 1933) and takes the
 * highest; where the caller named objectives, the best by a trade-off between quality and those. Else draws from the
 * front by the examples each candidate wins (GEPA, algorithm 2).
 */
export const pareto: Selector = ({ pool, front, bestId, beliefs, goals }, rng) => {
  if (!beliefs) {
    if (front.length === 0) return bestId;
    return rng.weighted(
      front,
      front.map(({ wins }) => Math.max(1, wins)),
    ).candidateId;
  }
  const known = pool.flatMap(({ id }) => {
    const belief = beliefs.of.get(id);
    return belief ? [{ id, point: [drawFrom(belief, rng), ...(goals?.get(id) ?? [])] }] : [];
  });
  const chosen = drawTradeOff(
    known.map(({ point }) => point),
    rng,
  );
  return known[chosen ?? -1]?.id ?? bestId;
};

function drawFrom({ mean, variance }: Belief, rng: Rng): number {
  return mean + DRAWN_SPREAD * Math.sqrt(variance) * standardNormal(rng);
}

/** A draw from the standard normal distribution (Box and Muller, 1958). */
function standardNormal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.random())) * Math.cos(2 * Math.PI * rng.random());
}
