import { throwIfAborted } from "../base/abort.ts";
import type { Evaluation } from "../domain/evaluation.ts";
import { GraderError } from "../graders/grader.ts";
import { addCosts, timesThatFit, times } from "./budget.ts";
import { gradeCost, problemOf } from "./evaluate.ts";
import { NOISE_SAMPLES, worstProposal } from "./reserve.ts";
import type { EngineStep } from "./ports.ts";
import { judged, type Run } from "./run.ts";
import { SEED_ID } from "./state.ts";

/** Fewer pairs than this say nothing about a spread. */
const MIN_PAIRS = 4;
/** Proposals that must still fit beside the measurement: knowing the noise is worth nothing where nothing can be tried. */
const PROPOSALS_BESIDE = 3;

/**
 * Judges some of the seed's outputs a second time (an A/A test) and notes how far the two grades of one output lie
 * apart. Graders that ask no model give the same grade twice, and are not asked; nor is one where the budget is tight.
 */
export async function* measureNoise(
  run: Run,
  evaluations: readonly Evaluation[],
): AsyncGenerator<EngineStep, void, void> {
  const once = evaluations.filter((e) => e.score !== undefined).slice(0, NOISE_SAMPLES);
  if (run.ports.grader.callsPerGrade === 0 || once.length < MIN_PAIRS || !isAffordable(run, once.length)) {
    return;
  }
  const { limiter } = run.bench;
  const repeats = await Promise.all(once.map((first) => limiter(() => judgeAgain(run, first))));
  run.state = { ...run.state, used: addCosts(run.state.used, ...repeats.map((r) => r.cost)) };
  const twice = repeats.map((r) => r.evaluation);
  yield* judged(run, 0, SEED_ID, "noise_floor", twice);
  const noise = gradeDeviation(once, twice);
  if (noise !== undefined) run.state = { ...run.state, noise };
}

function isAffordable({ course, state }: Run, samples: number): boolean {
  const { spec, splits, prices, reserve } = course;
  const proposals = times(PROPOSALS_BESIDE, worstProposal(spec, splits, prices));
  const all = addCosts(times(samples, prices.worstGrade), proposals);
  return timesThatFit(spec.budget, addCosts(state.used, reserve), all, 1) === 1;
}

async function judgeAgain({ ports, bench }: Run, first: Evaluation) {
  const { signal, breaker, examples } = bench;
  throwIfAborted(signal);
  breaker.check();
  const example = examples.get(first.exampleId);
  if (!example) throw new Error(`no example ${first.exampleId}`);
  const { exampleId, output } = first;
  const { grader } = ports;
  try {
    const { score, feedback, objectives, cost } = await grader.grade({ example, output }, signal, 1);
    breaker.succeeded("grader");
    const evaluation: Evaluation = { exampleId, score, feedback, output, objectives, reused: false };
    return { evaluation, cost: { ...gradeCost(grader, cost), metricCalls: 1 } };
  } catch (thrown) {
    const error = problemOf(thrown, signal);
    breaker.failed("grader", error);
    const evaluation: Evaluation = { exampleId, feedback: "", output, objectives: {}, reused: false, error };
    return {
      evaluation,
      cost: { ...gradeCost(grader, thrown instanceof GraderError ? thrown.cost : undefined), metricCalls: 1 },
    };
  }
}

/**
 * Standard deviation of one grade, from grades of the same outputs in the same order: the difference of two has twice
 * its variance, and a mean that is known to be zero. Undefined where too few outputs have two.
 */
export function gradeDeviation(
  first: readonly Pick<Evaluation, "score">[],
  second: readonly Pick<Evaluation, "score">[],
): number | undefined {
  const squares = first.flatMap(({ score: a }, i) => {
    const b = second[i]?.score;
    return a === undefined || b === undefined ? [] : [(a - b) ** 2];
  });
  if (squares.length < MIN_PAIRS) return undefined;
  return Math.sqrt(squares.reduce((sum, s) => sum + s, 0) / (2 * squares.length));
}
