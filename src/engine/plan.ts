import type { Plan, Splits } from "../domain/budget.ts";
import { promptText, type OptimizeSpec } from "../domain/spec.ts";
import type { Price } from "../models/model.ts";
import { addCosts, timesThatFit, times, NO_COST, type Cost } from "./budget.ts";
import { estimateTokens } from "./constraints.ts";
import { unknownOperators } from "./operators/registry.ts";
import { worstCases, type Rates } from "./prices.ts";
import { detectableLift } from "./report/interval.ts";
import { MIN_EXAMPLES_FOR_TEST } from "./split.ts";

/** What a job will buy, before anything is paid. */
export interface RunPlan {
  readonly plan: Plan;
  /** What the caller should know, in sentences. */
  readonly warnings: readonly string[];
  /** Smallest lift the test split can show; absent without one. */
  readonly detectableLift?: number;
}

/** Share of proposals that pass the minibatch and are validated: what the published runs of GEPA show. */
const PASS_RATE = 0.4;
/** Proposals under which a search has hardly begun. */
const MIN_PROPOSALS = 3;
/** Tokens of typical answers and of instructions around what is judged or reflected on; for estimates only. */
const TYPICAL = { answer: 256, grade: 150, judgeInstructions: 600, reflection: 900, reflectionFrame: 700 };
/** How far real costs stray from the expected ones: answers are shorter, or as long as their cap allows. */
const COST_SPREAD = { low: 0.4, high: 2.5 };

/** What the budget of a job buys: expected values, and the worst case of metric calls. Pure. */
export function planRun(spec: OptimizeSpec, splits: Splits, rates: Rates): RunPlan {
  const shared = splits.train.every((id) => splits.validation.includes(id));
  const minibatch = Math.min(spec.config.minibatchSize, splits.train.length);
  const validation = splits.validation.length;
  const testRuns = 2 * splits.test.length;
  const perProposal =
    (shared ? 0 : minibatch) + minibatch + PASS_RATE * (validation - (shared ? minibatch : 0));
  const worstPerProposal = minibatch + validation + (shared ? 0 : minibatch);

  const { run, reflection } = expectedCosts(spec, rates, minibatch);
  const fixed = times(validation + testRuns, run);
  const proposal = addCosts(times(perProposal, run), reflection);
  const { maxIterations, maxMetricCalls } = spec.budget;
  const proposals = timesThatFit(spec.budget, fixed, proposal, maxIterations);
  const total = addCosts(fixed, times(proposals, proposal));
  const worst = validation + testRuns + maxIterations * worstPerProposal;
  const cap = (n: number) => (maxMetricCalls === undefined ? n : Math.min(n, maxMetricCalls));
  const priced = isPriced(rates);
  const lift = splits.test.length > 0 ? detectableLift(splits.test.length) : undefined;
  return {
    plan: {
      iterations: maxIterations,
      proposals,
      metricCalls: cap(Math.round(total.metricCalls)),
      maxMetricCalls: cap(worst),
      modelCalls: Math.round(total.modelCalls),
      tokens: Math.round(total.tokens),
      ...(priced
        ? { costUsdLow: total.costUsd * COST_SPREAD.low, costUsdHigh: total.costUsd * COST_SPREAD.high }
        : {}),
    },
    warnings: warningsFor(spec, splits, proposals, affordsTest(spec, splits, rates)),
    ...(lift === undefined ? {} : { detectableLift: lift }),
  };
}

/** The final test of the seed and of one other candidate at its worst, which is kept back from the start. */
export function testReserve(splits: Splits, worstRun: Cost): Cost {
  return times(2 * splits.test.length, worstRun);
}

/**
 * Whether the test can be kept back: only where the seed's validation and one proposal still fit beside it. A budget
 * that is too small to learn anything is better spent on learning than on testing what was not learnt.
 */
export function affordsTest(spec: OptimizeSpec, splits: Splits, rates: Rates): boolean {
  const { worstRun, worstReflection, maxReflections } = worstCases(spec, rates);
  const proposal = times(2 * spec.config.minibatchSize + splits.validation.length, worstRun);
  const all = addCosts(
    testReserve(splits, worstRun),
    times(splits.validation.length, worstRun),
    proposal,
    times(maxReflections, worstReflection),
  );
  return timesThatFit(spec.budget, NO_COST, all, 1) === 1;
}

function warningsFor(spec: OptimizeSpec, splits: Splits, proposals: number, testable: boolean): string[] {
  const warnings: string[] = [];
  if (proposals < MIN_PROPOSALS) {
    warnings.push(
      `The budget pays for about ${proposals} ${proposals === 1 ? "proposal" : "proposals"}; fewer than ${MIN_PROPOSALS} are too few to learn from. Raise max_iterations or the limits on calls, tokens or cost.`,
    );
  }
  if (splits.test.length === 0) {
    warnings.push(
      `No examples are left for an untouched test, so the lift will not be measured. Send at least ${MIN_EXAMPLES_FOR_TEST} examples, or mark some with split "test".`,
    );
  }
  if (splits.test.length > 0 && !testable) {
    warnings.push(
      "The budget is too small to also test the outcome, so the lift will not be measured. Raise the limits on calls, tokens or cost.",
    );
  }
  for (const name of unknownOperators(spec.config.operators)) {
    warnings.push(`config.operators names "${name}", which is no operator; it has no effect.`);
  }
  return warnings;
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
): { readonly run: Cost; readonly reflection: Cost } {
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
  return {
    run: {
      ...addCosts(
        cost(rates.target, 1, prompt + input, answer),
        cost(rates.judge, rates.callsPerGrade, judged, TYPICAL.grade),
      ),
      metricCalls: 1,
    },
    reflection: cost(rates.reflection, 1, reflected, prompt + TYPICAL.reflection),
  };
}
