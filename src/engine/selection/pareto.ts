import type { FrontMember } from "../../domain/candidate.ts";
import type { Rng } from "../../base/rng.ts";
import type { Selector } from "./selector.ts";

/**
 * What a candidate that says nothing new still counts for. Novelty tilts the choice, it does not decide it: a near copy
 * that wins on many examples must stay reachable.
 */
const NOVELTY_FLOOR = 0.25;
/** Mean score that being best somewhere with an entirely new text is worth when parents are drawn by belief. */
const NOVELTY_WORTH = 0.01;
/** Share of a belief's spread that is drawn from: 1 would be Thompson's rule, which explores more than budgets allow. */
const DRAWN_SPREAD = 0.5;
/** Spreads that a proposal under way from the same parent counts against it: with many at once they would all be twins. */
const CROWDING = 0.25;

/** Quality × diversity: the examples a candidate wins, by how far its text is from the others on the front. */
export function selectionWeight(member: Pick<FrontMember, "wins" | "novelty">): number {
  return Math.max(1, member.wins) * (NOVELTY_FLOOR + (1 - NOVELTY_FLOOR) * member.novelty);
}

/**
 * Where beliefs are at hand, draws each candidate's quality from what is believed of it (Thompson, 1933), adds a bonus
 * for novelty on the front, and takes the highest. Else draws from the front by {@link selectionWeight}.
 */
export const pareto: Selector = ({ pool, front, bestId, beliefs, underway }, rng) => {
  if (front.length === 0) return bestId;
  if (!beliefs) return rng.weighted(front, front.map(selectionWeight)).candidateId;
  const novelty = new Map(front.map((m) => [m.candidateId, m.novelty]));
  let chosen = bestId;
  let highest = Number.NEGATIVE_INFINITY;
  for (const { id } of pool) {
    const belief = beliefs.of.get(id);
    if (!belief) continue;
    const spread = Math.sqrt(belief.variance);
    const drawn = belief.mean + DRAWN_SPREAD * spread * standardNormal(rng);
    const value =
      drawn + NOVELTY_WORTH * (novelty.get(id) ?? 0) - CROWDING * spread * (underway?.get(id) ?? 0);
    if (value > highest) {
      highest = value;
      chosen = id;
    }
  }
  return chosen;
};

/** A draw from the standard normal distribution (Box and Muller, 1958). */
function standardNormal(rng: Rng): number {
  return Math.sqrt(-2 * Math.log(1 - rng.random())) * Math.cos(2 * Math.PI * rng.random());
}
