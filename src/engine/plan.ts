import type { Plan, Splits } from "../domain/budget.ts";
import { judgedCriteria } from "../domain/objectives.ts";
import { promptText, type GraderSpec, type OptimizeSpec } from "../domain/spec.ts";
import type { Price } from "../models/model.ts";
import { roundScore, roundUsd } from "../domain/round.ts";
import { addCosts, limitBrokenBy, times, timesThatFit, type Cost } from "./budget.ts";
import { count } from "../domain/count.ts";
import { estimateTokens } from "./constraints.ts";
import { iterationCost, type IterationCost } from "./iteration-cost.ts";
import { unknownOperators } from "./operators/registry.ts";
import { maxTokensOf, type Prices, type Rates, type Shown, worstCases } from "./prices.ts";
import { detectableLift } from "./report/interval.ts";
import {
  mayPrune,
  NOISE_SAMPLES,
  PROPOSALS_BESIDE,
  pruneAllowance,
  reservesOf,
  worstProposal,
} from "./reserve.ts";
import { MIN_EXAMPLES_FOR_TEST, seenInTest } from "./split.ts";

/** What a job will buy, before anything is paid. */
export interface RunPlan {
  readonly plan: Plan;
  /** What the caller should know, in sentences. */
  readonly warnings: readonly string[];
  /** Smallest lift the test split can show; absent without one. */
  readonly detectableLift?: number;
}

/** Share of a full validation that a try at pruning takes on average: most are given up after the first block. */
const PRUNE_TRY_SHARE = 0.5;
/** Proposals under which a search has hardly begun. */
const MIN_PROPOSALS = 3;
/** A test that can show nothing smaller than this misses most lifts that people would want. */
const LARGE_LIFT = 0.25;
/**
 * Standard deviation of a paired difference before anything was measured: half of all answers turn where a score is 0
 * or 1; a judge's grades lie closer together.
 */
const DEVIATION = { check: 0.5, judge: 0.3 };
/** Tokens of typical answers and of instructions around what is judged or reflected on; for estimates only. */
const TYPICAL = { answer: 256, grade: 150, judgeInstructions: 600, reflection: 900, reflectionFrame: 700 };
/** How far real costs stray from the expected ones: answers are shorter, or as long as their cap allows. */
const COST_SPREAD = { low: 0.4, high: 2.5 };

/** The least that one more iteration costs. */
const ONE_MORE: Cost = { metricCalls: 1, modelCalls: 1, tokens: 1, costUsd: 0 };

/** What the budget of a job buys: expected values, and the worst case of metric calls. Pure. */
export function planRun(spec: OptimizeSpec, splits: Splits, rates: Rates): RunPlan {
  const validation = splits.validation.length;
  const prices = worstCases(spec, rates);
  const { testing, reserve } = reservesOf(spec, splits, prices);
  const measuresNoise = rates.callsPerGrade > 0 && spec.config.profile === "default";
  const testRuns = testing.metricCalls;
  const iteration = iterationCost(spec, splits);
  // As the run does: the seed is scored where that fits at its worst beside what is kept back, and so is the noise.
  const seedRuns = iteration.overshoots
    ? validation
    : timesThatFit(spec.budget, reserve, prices.worstRun, validation);
  const samples = Math.min(NOISE_SAMPLES, seedRuns);
  const { run, grade, reflection } = expectedCosts(
    spec,
    rates,
    Math.min(spec.config.minibatchSize, splits.train.length),
  );
  const beside = addCosts(
    reserve,
    times(seedRuns, run),
    times(PROPOSALS_BESIDE, worstProposal(spec, splits, prices)),
  );
  const hasRoom = !limitBrokenBy(spec.budget, beside, times(samples, prices.worstGrade));
  const noiseRuns = measuresNoise && hasRoom ? samples : 0;
  const begun = addCosts(times(seedRuns, run), times(noiseRuns, grade));
  const fixed = addCosts(begun, times(testRuns, run));
  const cost = (k: number) =>
    addCosts(times(iteration.expected(k), run), times(iteration.reflections, reflection));
  const { maxIterations, maxMetricCalls } = spec.budget;
  // What the search may not touch is kept back at its worst, and a proposal is begun where it fits at its worst, however
  // little of either is used in the end.
  const admission = admissionOf(spec, iteration, prices);
  const iterations = seedRuns === 0 ? 0 : iterationsThatFit(spec, addCosts(begun, reserve), cost, admission);
  const proposals = iterations * iteration.proposals;
  const searched = addCosts(fixed, ...Array.from({ length: iterations }, (_, k) => cost(k)));
  const pruneRuns = (used: number) => (mayPrune(spec, splits) ? pruneAllowance(used, validation) : 0);
  const pruning = iterations === 0 ? 0 : PRUNE_TRY_SHARE * pruneRuns(searched.metricCalls - testRuns);
  const total = addCosts(searched, times(pruning, run));
  // Whether the judge is noisy is found out in the run: expected is one grade, and the upper end has room for all.
  const maxGrades = measuresNoise ? (spec.config.maxGrades ?? 1) : 1;
  const graded = addCosts(total, times((maxGrades - 1) * (total.metricCalls - noiseRuns), grade));
  const worstSearch = noiseRuns + validation + iteration.worst(maxIterations);
  // A test that was not kept back is run all the same where the search leaves enough for it.
  const worst = 2 * splits.test.length + worstSearch + pruneRuns(worstSearch);
  const beyond = iteration.overshoots ? iteration.worst(1) : 0;
  const cap = (n: number) => (maxMetricCalls === undefined ? n : Math.min(n, maxMetricCalls + beyond));
  const deviation = rates.callsPerGrade > 0 ? DEVIATION.judge : DEVIATION.check;
  const lift = splits.test.length > 0 ? detectableLift(splits.test.length, deviation) : undefined;
  return {
    plan: {
      iterations: maxIterations,
      proposals,
      // What is expected of proposals does not know that few examples are soon all run.
      metricCalls: cap(Math.min(Math.round(total.metricCalls), worst)),
      maxMetricCalls: cap(worst),
      modelCalls: Math.round(total.modelCalls),
      tokens: Math.round(total.tokens),
      ...(isPriced(rates)
        ? {
            costUsdLow: roundUsd(total.costUsd * COST_SPREAD.low),
            costUsdHigh: roundUsd(Math.max(total.costUsd * COST_SPREAD.high, graded.costUsd)),
          }
        : {}),
    },
    warnings: warningsFor({ spec, splits, rates, proposals, testable: testRuns > 0, deviation }),
    ...(lift === undefined ? {} : { detectableLift: roundScore(lift) }),
  };
}

/** What must fit for an iteration to be begun, as of the first one: its reflection is shown the seed prompt alone. */
function admissionOf(spec: OptimizeSpec, iteration: IterationCost, prices: Prices): Cost {
  if (iteration.overshoots) return ONE_MORE;
  const shown: Shown = {
    prompts: [maxTokensOf(promptText(spec.components))],
    edits: [],
    examples: spec.config.minibatchSize,
  };
  return addCosts(
    times(iteration.admitted, prices.worstRun),
    times(prices.maxReflections, prices.reflectionOn(shown)),
  );
}

function iterationsThatFit(
  spec: OptimizeSpec,
  taken: Cost,
  cost: (k: number) => Cost,
  admission: Cost,
): number {
  let used = taken;
  for (let k = 0; k < spec.budget.maxIterations; k++) {
    if (limitBrokenBy(spec.budget, used, admission)) return k;
    used = addCosts(used, cost(k));
  }
  return spec.budget.maxIterations;
}

interface Prospect {
  readonly spec: OptimizeSpec;
  readonly splits: Splits;
  readonly rates: Rates;
  readonly proposals: number;
  /** Whether the budget has room for the final test. */
  readonly testable: boolean;
  /** Expected of a paired difference. */
  readonly deviation: number;
}

function warningsFor({ spec, splits, rates, proposals, testable, deviation }: Prospect): string[] {
  const warnings: string[] = [];
  const tests = splits.test.length;
  if (proposals < MIN_PROPOSALS) {
    warnings.push(
      `The budget pays for about ${proposals} ${proposals === 1 ? "proposal" : "proposals"}; fewer than ${MIN_PROPOSALS} are too few to learn from. Raise max_iterations or the limits on calls, tokens or cost.`,
    );
  }
  if (tests === 0) {
    const isDivided = spec.examples.some((e) => e.split);
    const remedy = isDivided ? "Mark" : `Send at least ${MIN_EXAMPLES_FOR_TEST} examples, or mark`;
    warnings.push(
      `No examples are left for an untouched test, so the lift will not be measured. ${remedy} some with split "test".`,
    );
  } else if (!testable) {
    warnings.push(
      "The budget is too small to also keep a test of the outcome back, so the lift may not be measured. Raise the limits on calls, tokens or cost.",
    );
  } else if (detectableLift(tests, deviation) > LARGE_LIFT) {
    const lift = detectableLift(tests, deviation);
    warnings.push(
      `${count(tests, "test example")} can show a lift of about ${lift.toFixed(2)} or more; a smaller one will most likely be reported as not_shown. About ${testsFor(LARGE_LIFT, deviation)} would show ${LARGE_LIFT}.`,
    );
  }
  const seen = seenInTest(spec.examples, splits);
  if (seen > 0) {
    warnings.push(
      `${count(seen, "test example")} ${seen === 1 ? "has" : "have"} the same input as one that is learnt from or chosen by, so the lift may be flattered. Leave repeated examples out, or give all of a kind the same split.`,
    );
  }
  const parts = new Set(partNames(spec.grader));
  const criteria = judgedCriteria(spec.objectives).filter((name) => !parts.has(name));
  if (criteria.length > 0 && rates.callsPerGrade === 0) {
    const names = criteria.map((name) => `"${name}"`).join(", ");
    warnings.push(
      `objectives names ${names}, which only a judge can score; this grader asks none, so it has no effect.`,
    );
  }
  for (const name of unknownOperators(spec.config.operators)) {
    warnings.push(`config.operators names "${name}", which is no operator; it has no effect.`);
  }
  return warnings;
}

/** Names of a weighted mean's parts, whose scores are objectives too. */
function partNames(grader: GraderSpec): string[] {
  return grader.kind === "multi"
    ? grader.graders.flatMap((part) => [part.name, ...partNames(part.grader)])
    : [];
}

/** Test examples that show a lift of this size. */
function testsFor(lift: number, deviation: number): number {
  let n = 2;
  while (detectableLift(n, deviation) > lift) n++;
  return n;
}

function isPriced(rates: Rates): boolean {
  return (
    rates.target !== undefined &&
    rates.reflection !== undefined &&
    (rates.callsPerGrade === 0 || rates.judge !== undefined)
  );
}

function expectedCosts(
  spec: OptimizeSpec,
  rates: Rates,
  minibatch: number,
): { readonly run: Cost; readonly grade: Cost; readonly reflection: Cost } {
  const mean = (texts: readonly string[]) =>
    texts.reduce((sum, text) => sum + estimateTokens(text), 0) / Math.max(1, texts.length);
  const prompt = estimateTokens(promptText(spec.components));
  const input = mean(spec.examples.map((e) => e.input));
  const ideal = mean(spec.examples.map((e) => e.ideal ?? ""));
  const answer = Math.min(TYPICAL.answer, spec.config.maxTokens);
  const cost = (price: Price | undefined, calls: number, inTokens: number, outTokens: number): Cost => ({
    metricCalls: 0,
    modelCalls: calls,
    tokens: calls * (inTokens + outTokens),
    costUsd: price ? (calls * (inTokens * price.inputPerMTok + outTokens * price.outputPerMTok)) / 1e6 : 0,
  });
  const judged = TYPICAL.judgeInstructions + input + ideal + answer;
  const reflected = TYPICAL.reflectionFrame + prompt + minibatch * (input + ideal + answer + TYPICAL.grade);
  const grade = cost(rates.judge, rates.callsPerGrade, judged, TYPICAL.grade);
  return {
    run: { ...addCosts(cost(rates.target, 1, prompt + input, answer), grade), metricCalls: 1 },
    grade: { ...grade, metricCalls: 1 },
    reflection: cost(rates.reflection, 1, reflected, prompt + TYPICAL.reflection),
  };
}
