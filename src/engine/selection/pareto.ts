import type { FrontMember } from "../../domain/candidate.ts";
import type { Selector } from "./selector.ts";

/**
 * What a candidate that says nothing new still counts for. Novelty tilts the choice, it does not decide it: a near copy
 * that wins on many examples must stay reachable.
 */
const NOVELTY_FLOOR = 0.25;

/** Quality × diversity: the examples a candidate wins, by how far its text is from the others on the front. */
export function selectionWeight(member: Pick<FrontMember, "wins" | "novelty">): number {
  return Math.max(1, member.wins) * (NOVELTY_FLOOR + (1 - NOVELTY_FLOOR) * member.novelty);
}

/** Draws from the front by {@link selectionWeight}. */
export const pareto: Selector = ({ front, bestId }, rng) =>
  front.length === 0 ? bestId : rng.weighted(front, front.map(selectionWeight)).candidateId;
