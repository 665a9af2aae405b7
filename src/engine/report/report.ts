import type { Splits } from "../../domain/budget.ts";
import { roundScore } from "../../domain/round.ts";
import type { Artifacts, Interval, Report, Verdict } from "../../domain/report.ts";
import type { LineageEntry } from "../../domain/candidate.ts";
import type { StopReason } from "../../domain/stop-reason.ts";
import { promptText, type OptimizeSpec } from "../../domain/spec.ts";
import type { Spend } from "../../domain/spend.ts";
import { digest } from "../../base/digest.ts";
import { count } from "../../domain/count.ts";
import { publicLesson } from "../lessons.ts";
import { seenInTest } from "../split.ts";
import { meanOver, publicFront, SCORE_EPSILON } from "../standing.ts";
import { gradesOf, memberOf, SEED_ID, type Member, type State } from "../state.ts";
import type { Choice } from "../champion.ts";
import { PRUNE } from "../reserve.ts";
import { timesInWords } from "../grades.ts";
import { detectableLift, deviationOf, pairedInterval, Z_QUANTILE } from "./interval.ts";

/** Deviation of a paired difference where all are equal and none can be taken from the sample: half of all answers turn. */
export const TYPICAL_DEVIATION = 0.5;
/** A difference of lifts that is worth a sentence. */
const NOTICEABLE = 0.005;

/** What the outcome is judged from. The test runs of both are noted in the state already. */
export interface Evidence {
  readonly spec: OptimizeSpec;
  readonly splits: Splits;
  readonly state: State;
  /** How the best candidate was chosen; absent where it is whoever has the highest mean. */
  readonly choice?: Choice;
  readonly stopReason: StopReason;
  readonly simulated: boolean;
  readonly spend: Spend;
}

/** The outcome: who won, what is known about it, and the best candidate where that is somebody else. */
export interface Outcome {
  readonly champion: Member;
  readonly bestCandidate?: Member;
  readonly report: Report;
}

/** Paired scores of two candidates on the examples both have a score on. */
interface Pairs {
  readonly seed: readonly number[];
  readonly best: readonly number[];
}

/**
 * The honest end. On a test split the best candidate must be better than the seed beyond chance, or the seed stays the
 * champion; without one nothing is claimed, and the best in-sample candidate is the champion, labelled so.
 */
export function concludeRun(evidence: Evidence): Outcome {
  const { splits, state } = evidence;
  const seed = memberOf(state, SEED_ID);
  const best = memberOf(state, state.bestId);
  const tested = pairsOn(splits.test, seed, best);
  const measured = tested.seed.length > 0;
  const pairs = measured ? tested : pairsOn(splits.validation, seed, best);
  const differences = pairs.best.map((score, i) => score - (pairs.seed[i] ?? 0));
  const interval = measured ? told(pairedInterval(differences)) : undefined;
  const verdict: Verdict = !measured
    ? "not_measured"
    : interval && interval.low > 0
      ? "improved"
      : interval && interval.high < 0
        ? "worse"
        : "not_shown";
  const champion = verdict === "not_shown" || verdict === "worse" ? seed : best;
  // From the scores as they are told: whoever takes one from the other gets the lift.
  const baselineScore = mean(pairs.seed);
  const bestScore = mean(pairs.best);
  const lift =
    baselineScore === undefined || bestScore === undefined
      ? undefined
      : roundScore(bestScore - baselineScore);
  const championScore = champion === seed ? baselineScore : bestScore;
  const considered =
    evidence.choice?.considered ??
    state.pool.filter((m) => meanOver(m, splits.validation) !== undefined).length;
  const spread = deviationOf(differences) ?? 0;
  const deviation = spread > SCORE_EPSILON ? spread : TYPICAL_DEVIATION;
  return {
    champion,
    ...(champion === best ? {} : { bestCandidate: best }),
    report: {
      verdict,
      explanation: explain(verdict, best, pairs, evidence, lift),
      measuredOn: measured ? "test" : "in_sample",
      ...(baselineScore === undefined ? {} : { baselineScore }),
      ...(championScore === undefined ? {} : { championScore }),
      ...(champion === best || bestScore === undefined ? {} : { bestCandidateScore: bestScore }),
      ...(lift === undefined ? {} : { lift }),
      ...(interval ? { interval } : {}),
      sampleSize: differences.length,
      candidatesConsidered: considered,
      ...(state.noise === undefined || differences.length === 0
        ? {}
        : { noiseFloor: roundScore(noiseFloor(meanDeviation(state.noise, state), differences.length)) }),
      ...(measured ? { detectableLift: roundScore(detectableLift(differences.length, deviation)) } : {}),
      championCharacters: promptText(champion.components).length,
      seedCharacters: promptText(seed.components).length,
      stopReason: evidence.stopReason,
      notes: notesOf(evidence, best, lift, measured, considered),
      simulated: evidence.simulated,
      spend: evidence.spend,
    },
  };
}

/**
 * How far the judge's own noise alone moves the difference of two means over `n` examples, 19 times of 20: each example
 * has two scores, one of either candidate, with this deviation each.
 */
export function noiseFloor(scoreDeviation: number, n: number): number {
  return (Z_QUANTILE * Math.SQRT2 * scoreDeviation) / Math.sqrt(n);
}

/** Of a score, which is the mean of several grades. */
function meanDeviation(gradeDeviation: number, state: State): number {
  return gradeDeviation / Math.sqrt(gradesOf(state));
}

/** What the search leaves behind. */
export function artifactsOf({ spec, splits, state }: Evidence, champion: Member): Artifacts {
  const lineage: LineageEntry[] = [
    ...state.pool.map((m) => {
      const score = meanOver(m, splits.validation);
      return {
        ...lineageOf(m),
        accepted: true,
        ...(score === undefined ? {} : { score: roundScore(score) }),
      };
    }),
    ...state.rejected.map((r) => ({ ...lineageOf(r), accepted: false })),
  ];
  return {
    front: publicFront(state.pool, splits.validation, spec.objectives),
    lessons: state.lessons.map(publicLesson),
    lineage: lineage.sort((a, b) => a.iteration - b.iteration),
    digests: {
      champion: digest(champion.components),
      decisions: state.decisions,
      spec: digest(spec),
    },
  };
}

function lineageOf(m: Pick<Member, "id" | "parentIds" | "operator" | "iteration">) {
  return { candidateId: m.id, parentIds: m.parentIds, operator: m.operator, iteration: m.iteration };
}

function pairsOn(exampleIds: readonly string[], seed: Member, best: Member): Pairs {
  const pairs = exampleIds.flatMap((id) => {
    const [a, b] = [seed.scores[id], best.scores[id]];
    return a === undefined || b === undefined ? [] : [{ a, b }];
  });
  return { seed: pairs.map((p) => p.a), best: pairs.map((p) => p.b) };
}

function mean(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : roundScore(values.reduce((a, b) => a + b, 0) / values.length);
}

/** The ends as they are told, so that the verdict is what whoever reads them would say. */
function told(interval: Interval | undefined): Interval | undefined {
  return interval && { ...interval, low: roundScore(interval.low), high: roundScore(interval.high) };
}

function explain(
  verdict: Verdict,
  best: Member,
  pairs: Pairs,
  { spec, splits }: Evidence,
  lift: number | undefined,
): string {
  const tested = count(pairs.seed.length, "test example");
  const unseen = seenInTest(spec.examples, splits) === 0 ? `${tested} the search never saw` : tested;
  const by = signed(lift ?? 0);
  switch (verdict) {
    case "improved":
      return `On ${unseen}, ${best.id} scores ${by} against the seed, and the interval excludes zero.`;
    case "worse":
      return `On ${unseen}, ${best.id} scores ${by} against the seed; the seed prompt stays.`;
    case "not_shown":
      return best.id === SEED_ID
        ? "No candidate was surely better than the seed on validation; the seed prompt stays."
        : `On ${tested} ${best.id} scores ${by} against the seed, which chance alone can explain; the seed prompt stays.`;
    case "not_measured":
      return splits.test.length > 0
        ? "The test could not be run, so the scores are those of the examples the search was guided by."
        : "No examples were left for an untouched test; the scores are those of the examples the search was guided by, and flatter the champion.";
  }
}

function notesOf(
  { spec, splits, state, simulated, choice }: Evidence,
  best: Member,
  lift: number | undefined,
  measured: boolean,
  considered: number,
): string[] {
  const notes: string[] = [];
  if (simulated) notes.push("Some of the models are simulated: the scores say nothing about a real model.");
  if (!measured && considered > 1) {
    notes.push(
      `The champion is the best of ${considered} on the same examples; the best of many looks better than it is.`,
    );
    if (choice && best.operator !== PRUNE && lift !== undefined && choice.estimate < lift - NOTICEABLE) {
      notes.push(`Allowing for that, the lift is more likely about ${signed(choice.estimate)}.`);
    }
  }
  if (best.operator === PRUNE) {
    const whole = unpruned(state, best);
    const [before, after] = [whole, best].map((m) => promptText(m.components).length);
    notes.push(
      `${best.id} is ${whole.id} cut from ${before} to ${after} characters; on validation it is not worse.`,
    );
  }
  const grades = gradesOf(state);
  if (state.noise !== undefined && grades > 1) {
    notes.push(
      `The judge disagrees with itself by ${state.noise.toFixed(2)} (standard deviation of one grade), so each output was graded ${timesInWords(grades)}, and its score is the mean.`,
    );
  } else if (state.noise !== undefined) {
    notes.push(
      `The judge was asked twice about the same outputs: one grade differs from the next by ${(state.noise * Math.SQRT2).toFixed(3)} (standard deviation).`,
    );
  }
  if (state.dropped) {
    const { proposals } = state.dropped;
    const were = proposals === 1 ? "proposal was" : "proposals were";
    notes.push(
      `${proposals} ${were} under way when the search stopped, and dropped; what was paid for that shows in the spend.`,
    );
  }
  if (state.unbooked) {
    notes.push(
      "Calls were under way when a model went out of reach at the end; what they had paid shows in the spend.",
    );
  }
  const failed = new Set(state.pool.flatMap((m) => m.failed));
  if (failed.size > 0) {
    notes.push(
      spec.config.profile === "reference"
        ? `Calls failed for good on ${failed.size} of the examples; the search counted them as zero, as gepa 0.1.4 does, and the scores of this report leave them out.`
        : `Calls failed for good on ${failed.size} of the examples; they count as missing, not as zero.`,
    );
  }
  const seen = measured ? seenInTest(spec.examples, splits) : 0;
  if (seen > 0) {
    notes.push(
      `${seen} of the test examples ${seen === 1 ? "has" : "have"} the same input as one that was learnt from or chosen by, which may flatter the lift.`,
    );
  }
  const learntFrom = new Set(splits.train);
  if (splits.validation.every((id) => learntFrom.has(id))) {
    const which = splits.test.length === 0 ? "All" : "The same";
    notes.push(`${which} examples served both to learn from and to choose by.`);
  }
  return notes;
}

/** The candidate a pruned one was cut from, with all its parts. */
function unpruned(state: State, pruned: Member): Member {
  let member = pruned;
  while (member.operator === PRUNE) member = memberOf(state, member.parentIds[0] ?? SEED_ID);
  return member;
}

function signed(value: number): string {
  return `${value >= 0 ? "+" : ""}${value.toFixed(3)}`;
}
