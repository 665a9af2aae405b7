import { promptText } from "../domain/spec.ts";
import { SEED_ID, type Member } from "./state.ts";

/** Share of the seed's validation examples a candidate must have been run on to be in the running. */
const MIN_COVERAGE = 0.5;
/** Two means are level when they differ by less than half of what a single example adds to a mean. */
const TIE_EXAMPLES = 0.5;
/** The most that still counts as level: on few examples half of one is a difference worth having. */
const MAX_TIE = 0.05;

/** Who is best, and what is known about it. */
export interface Choice {
  readonly member: Member;
  /** Candidates that were compared, the seed included. */
  readonly considered: number;
  /** Its lift over the seed on validation, shrunk for having been picked as the best of so many. */
  readonly estimate: number;
}

/** A candidate's lift over the seed on the examples both have a score on. */
interface Lift {
  readonly member: Member;
  readonly mean: number;
  readonly examples: number;
  /** Sum of squared distances from the mean. */
  readonly squares: number;
}

/**
 * Chooses the champion by validation without taking the luckiest for the best: each candidate's paired lift over the
 * seed is shrunk towards the mean of all, the more the fewer examples it rests on (empirical Bayes: Efron and Morris,
 * 1975), and the largest lower bound of one standard error wins. Of those as good as level with it the
 * shortest is the champion, of equally short ones the oldest.
 */
export function chooseChampion(pool: readonly Member[], validation: readonly string[]): Choice {
  const seed = pool.find((m) => m.id === SEED_ID);
  if (!seed) throw new Error("a pool without its seed");
  const scored = validation.filter((id) => seed.scores[id] !== undefined);
  // Where the seed has no score at all, every candidate is measured against nothing.
  const basis = scored.length > 0 ? scored : validation;
  const lifts = pool
    .map((member) => liftOf(member, seed, basis))
    .filter((l) => l.examples > 0 && l.examples >= basis.length * MIN_COVERAGE);
  if (lifts.length === 0) return { member: seed, considered: 0, estimate: 0 };

  const bounded = shrink(lifts);
  const lead = bounded.reduce((a, b) => ((b.lower - a.lower || b.mean - a.mean) > 0 ? b : a));
  const margin = Math.min(MAX_TIE, TIE_EXAMPLES / basis.length);
  const tied = bounded.filter((b) => b.lower > lead.lower - margin && b.mean > lead.mean - margin);
  const best = tied.reduce((a, b) => (lengthOf(b.member) < lengthOf(a.member) ? b : a));
  return { member: best.member, considered: lifts.length, estimate: best.estimate };
}

function lengthOf(member: Member): number {
  return promptText(member.components).length;
}

function liftOf(member: Member, seed: Member, basis: readonly string[]): Lift {
  const differences = basis.flatMap((id) => {
    const score = member.scores[id];
    return score === undefined ? [] : [score - (seed.scores[id] ?? 0)];
  });
  const examples = differences.length;
  const mean = examples === 0 ? 0 : differences.reduce((a, b) => a + b, 0) / examples;
  return { member, mean, examples, squares: differences.reduce((sum, d) => sum + (d - mean) ** 2, 0) };
}

/** The spread of a lift is taken over all candidates together: their own are too noisy to weigh them by. */
function shrink(lifts: readonly Lift[]) {
  const others = lifts.filter((l) => l.member.id !== SEED_ID);
  const degrees = others.reduce((sum, l) => sum + l.examples - 1, 0);
  const variance = degrees > 0 ? others.reduce((sum, l) => sum + l.squares, 0) / degrees : 0;
  const centre = lifts.reduce((sum, l) => sum + l.mean, 0) / lifts.length;
  const spread = lifts.reduce((sum, l) => sum + (l.mean - centre) ** 2, 0) / Math.max(1, lifts.length - 1);
  const noise = others.reduce((sum, l) => sum + variance / l.examples, 0) / Math.max(1, others.length);
  const real = Math.max(0, spread - noise);
  return lifts.map(({ member, mean, examples }) => {
    const own = member.id === SEED_ID ? 0 : variance / examples;
    const weight = real + own > 0 ? real / (real + own) : 1;
    const estimate = member.id === SEED_ID ? 0 : centre + weight * (mean - centre);
    return { member, mean, estimate, lower: estimate - Math.sqrt(weight * own) };
  });
}
