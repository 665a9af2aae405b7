import type { Belief, Scale } from "./bar.ts";
import { isKnown, type Member } from "./state.ts";

/** What the validation scores of a pool say together. */
export interface Beliefs {
  /** By candidate; candidates without a score are believed to be about as good as their parent. */
  readonly of: ReadonlyMap<string, Belief>;
  readonly scale: Scale;
}

/** Standard deviation of what one edit does to the score: what edits do in the published runs and in our benchmark. */
const EDIT_DEVIATION = 0.08;
/** Scores that the spread of the seed's own scores counts for, as a first guess of the noise. */
const NOISE_PRIOR_WEIGHT = 10;
/** A noise that can not be zero: a dozen equal scores do not prove that the next one is equal too. */
const MIN_SEED_VARIANCE = 0.01;

/** Whether nothing is left to run a candidate on. */
export function isWhole(member: Member, exampleIds: readonly string[]): boolean {
  return exampleIds.every((id) => isKnown(member, id));
}

/**
 * Weighs what is known of each candidate. Scores are compared example by example with the candidates that were run on
 * all of them, so that a candidate is neither praised nor blamed for the examples it happened to be run on; and each
 * candidate is shrunk towards its better parent, the more the fewer scores it has (a Kalman filter along the lineage:
 * an edit moves the score by a normal step, a score shows it through noise). Parents stand before their children.
 */
export function believe(pool: readonly Member[], validation: readonly string[]): Beliefs {
  const [seed] = pool;
  const ids = seed ? validation.filter((id) => isKnown(seed, id)) : [];
  const references = new Set(pool.filter((m) => isWhole(m, ids)));
  const scale = scaleOf(pool, references, ids);
  const of = new Map<string, Belief>();
  for (const member of pool) {
    const prior = priorOf(member.parentIds.flatMap((id) => of.get(id) ?? []));
    of.set(member.id, beliefIn(scale, member.scores, prior, references.has(member)));
  }
  return { of, scale };
}

/** The candidate that is believed to be best, whole or paused; of equals the older. */
export function mostPromising({ of }: Beliefs): string | undefined {
  let found: [string, Belief] | undefined;
  for (const entry of of) if (!found || entry[1].mean > found[1].mean) found = entry;
  return found?.[0];
}

/** What is believed of a child before it has any score: its better parent, give or take an edit. */
export function priorOf(parents: readonly Belief[]): Belief | undefined {
  const [first] = parents;
  if (!first) return undefined;
  const better = parents.reduce((a, b) => (b.mean > a.mean ? b : a), first);
  return { mean: better.mean, variance: better.variance + EDIT_DEVIATION ** 2 };
}

/** A prior and the scores that came since. Scores on examples outside the scale say nothing. */
export function beliefIn(
  scale: Scale,
  scores: Readonly<Record<string, number>>,
  prior: Belief | undefined,
  isReference = false,
): Belief {
  let n = 0;
  let sum = 0;
  for (const [id, expected] of Object.entries(scale.expected)) {
    const score = scores[id];
    if (score === undefined) continue;
    n++;
    sum += score - expected;
  }
  if (n === 0) return prior ?? { mean: scale.level, variance: scale.noise + EDIT_DEVIATION ** 2 };
  const doubt = isReference ? 1 : 1 + 1 / scale.references; // the references' own noise is in the comparison too
  const seen = { mean: scale.level + sum / n, variance: (scale.noise / n) * doubt };
  if (!prior) return seen;
  const weight = prior.variance / (prior.variance + seen.variance);
  return { mean: prior.mean + weight * (seen.mean - prior.mean), variance: prior.variance * (1 - weight) };
}

/** How many standard deviations `one` is believed to be ahead of `other`. */
export function lead(one: Belief, other: Belief): number {
  return (one.mean - other.mean) / Math.sqrt(one.variance + other.variance);
}

function scaleOf(
  pool: readonly Member[],
  references: ReadonlySet<Member>,
  exampleIds: readonly string[],
): Scale {
  const expected: Record<string, number> = {};
  for (const id of exampleIds) {
    let sum = 0;
    let count = 0;
    for (const { scores } of references) {
      const score = scores[id];
      if (score === undefined) continue;
      sum += score;
      count++;
    }
    if (count > 0) expected[id] = sum / count;
  }
  return {
    expected,
    level: mean(Object.values(expected)),
    noise: noiseOf(pool, references, expected),
    references: Math.max(1, references.size),
  };
}

/** Pooled variance of the scores around example and candidate; at first a guess from the seed's scores alone. */
function noiseOf(
  pool: readonly Member[],
  references: ReadonlySet<Member>,
  expected: Readonly<Record<string, number>>,
): number {
  const examples = Object.entries(expected);
  let squares = 0;
  let degrees = 0;
  for (const member of pool) {
    const isReference = references.has(member);
    if (isReference && references.size === 1) continue; // it would be compared with itself
    const residuals = examples.flatMap(([id, level]) => {
      const score = member.scores[id];
      return score === undefined ? [] : [score - level];
    });
    if (residuals.length < 2) continue;
    const inReferences = isReference ? -1 / references.size : 1 / references.size;
    squares += squaresOf(residuals) / (1 + inReferences);
    degrees += residuals.length - 1;
  }
  const seedScores = examples.flatMap(([id]) => pool[0]?.scores[id] ?? []);
  const guess = Math.max(MIN_SEED_VARIANCE, squaresOf(seedScores) / Math.max(1, seedScores.length));
  return (squares + NOISE_PRIOR_WEIGHT * guess) / (degrees + NOISE_PRIOR_WEIGHT);
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((a, b) => a + b, 0) / values.length;
}

/** Sum of squared distances from the mean. */
function squaresOf(values: readonly number[]): number {
  const centre = mean(values);
  return values.reduce((sum, v) => sum + (v - centre) ** 2, 0);
}
