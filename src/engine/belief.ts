import { bare } from "../base/bare.ts";
import { isKnown, type Member } from "./state.ts";

/** What is believed of the score a candidate would have on endlessly many examples: a normal distribution. */
export interface Belief {
  readonly mean: number;
  readonly variance: number;
}

/** What the scores of a candidate are measured by, whichever examples they are on. */
export interface Scale {
  /** By example: the mean score of the candidates that were run on all of them. */
  readonly expected: Readonly<Record<string, number>>;
  /** Mean of `expected`. */
  readonly level: number;
  /** Variance of one score around what its example and its candidate make expect. */
  readonly noise: number;
  /** Candidates `expected` is the mean of. */
  readonly references: number;
}

/** What the validation scores of a pool say together. */
export interface Beliefs {
  /** By candidate; candidates without a score are believed to be about as good as their parent. */
  readonly of: ReadonlyMap<string, Belief>;
  readonly scale: Scale;
}

/** Standard deviation of what one edit does to the score at least: that of edits in the published runs and in our benchmark. */
export const EDIT_DEVIATION = 0.08;
/** Edits that this counts for before any was seen: some tasks have edits that change everything. */
const EDIT_PRIOR_WEIGHT = 4;
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
  const known = believed.get(pool)?.get(validation);
  if (known) return known;
  const beliefs = weigh(pool, validation);
  const ofPool = believed.get(pool) ?? new WeakMap<readonly string[], Beliefs>();
  believed.set(pool, ofPool.set(validation, beliefs));
  return beliefs;
}

/** What was weighed before: between two commits the same pool is asked about several times. */
const believed = new WeakMap<readonly Member[], WeakMap<readonly string[], Beliefs>>();

function weigh(pool: readonly Member[], validation: readonly string[]): Beliefs {
  const [seed] = pool;
  const ids = seed ? validation.filter((id) => isKnown(seed, id)) : [];
  const references = new Set(pool.filter((m) => isWhole(m, ids)));
  const scale = scaleOf(pool, references, ids);
  const seen = new Map(pool.map((m) => [m.id, seenIn(scale, m.scores, references.has(m))]));
  const edit = editVariance(pool, seen);
  const of = new Map<string, Belief>();
  for (const { id, parentIds } of pool) {
    const parent = better(parentIds.map((p) => of.get(p)));
    const prior = parent && { mean: parent.mean, variance: parent.variance + edit };
    of.set(id, updated(prior, seen.get(id)) ?? { mean: scale.level, variance: scale.noise + edit });
  }
  return { of, scale };
}

/** The candidate that is believed to be best, whole or paused; of equals the older. */
export function mostPromising({ of }: Beliefs): string | undefined {
  let found: [string, Belief] | undefined;
  for (const entry of of) if (!found || entry[1].mean > found[1].mean) found = entry;
  return found?.[0];
}

/** The one with the higher mean. */
function better(beliefs: readonly (Belief | undefined)[]): Belief | undefined {
  return beliefs.reduce(
    (a, b) => (a === undefined || (b !== undefined && b.mean > a.mean) ? b : a),
    undefined,
  );
}

/** What the scores of a candidate say by themselves; those on examples outside the scale say nothing. */
function seenIn(
  scale: Scale,
  scores: Readonly<Record<string, number>>,
  isReference: boolean,
): Belief | undefined {
  let n = 0;
  let sum = 0;
  for (const [id, expected] of Object.entries(scale.expected)) {
    const score = scores[id];
    if (score === undefined) continue;
    n++;
    sum += score - expected;
  }
  if (n === 0) return undefined;
  const doubt = isReference ? 1 : 1 + 1 / scale.references; // the references' own noise is in the comparison too
  return { mean: scale.level + sum / n, variance: (scale.noise / n) * doubt };
}

/** A belief after what was seen. */
function updated(prior: Belief | undefined, seen: Belief | undefined): Belief | undefined {
  if (!prior || !seen) return prior ?? seen;
  const weight = prior.variance / (prior.variance + seen.variance);
  return { mean: prior.mean + weight * (seen.mean - prior.mean), variance: prior.variance * (1 - weight) };
}

/** Variance of what an edit does: how far children lie from their better parents beyond what noise explains. */
function editVariance(pool: readonly Member[], seen: ReadonlyMap<string, Belief | undefined>): number {
  let sum = EDIT_PRIOR_WEIGHT * EDIT_DEVIATION ** 2;
  let edits = EDIT_PRIOR_WEIGHT;
  for (const { id, parentIds } of pool) {
    const [child, parent] = [seen.get(id), better(parentIds.map((p) => seen.get(p)))];
    if (!child || !parent) continue;
    sum += (child.mean - parent.mean) ** 2 - child.variance - parent.variance;
    edits++;
  }
  return Math.max(EDIT_DEVIATION ** 2, sum / edits);
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
  const expected = bare<number>();
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
