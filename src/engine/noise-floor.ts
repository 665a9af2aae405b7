import type { Evaluation } from "../domain/evaluation.ts";
import { addCosts, timesThatFit, times } from "./budget.ts";
import type { Rollout } from "./evaluate.ts";
import { gradeSpread, MIN_PAIRS, type GradeSpread } from "./grades.ts";
import { NOISE_SAMPLES, PROPOSALS_BESIDE, worstProposal } from "./reserve.ts";
import type { EngineStep } from "./ports.ts";
import { judged, type Run } from "./run.ts";
import { SEED_ID } from "./state.ts";

/**
 * Judges some of the seed's outputs a second time (an A/A test), notes how far the two grades of one output lie apart,
 * and gives the second grades. Graders that ask no model give the same grade twice, and are not asked; nor is one where
 * the budget is tight.
 */
export async function* measureNoise(
  run: Run,
  evaluations: readonly Evaluation[],
): AsyncGenerator<EngineStep, readonly Evaluation[], void> {
  const once = evaluations.filter((e) => e.score !== undefined).slice(0, NOISE_SAMPLES);
  if (run.ports.grader.callsPerGrade === 0 || once.length < MIN_PAIRS || !isAffordable(run, once.length)) {
    return [];
  }
  const { components } = run.course.spec;
  const repeats = await Promise.all(once.map((e) => run.gradeAgain(components, e.exampleId, 1)));
  const graded = repeats.filter((r): r is Rollout => r !== undefined);
  const costs = graded.map((r) => ({ ...r.cost, metricCalls: 1 }));
  run.state = { ...run.state, used: addCosts(run.state.used, ...costs) };
  const twice = graded.map((r) => r.evaluation);
  yield* judged(run, 0, SEED_ID, "noise_floor", twice);
  noteNoise(run, spreadOf(once, twice));
  return twice;
}

/** Notes the deviation of one grade, where it is known. */
export function noteNoise(run: Run, spread: GradeSpread | undefined): void {
  if (spread !== undefined) run.state = { ...run.state, noise: Math.sqrt(spread.within) };
}

/** How grades vary, from all that are given of the same outputs. */
export function spreadOf(...gradings: readonly (readonly Evaluation[])[]): GradeSpread | undefined {
  const scores = new Map<string, number[]>();
  for (const { exampleId, score } of gradings.flat()) {
    if (score === undefined) continue;
    scores.set(exampleId, [...(scores.get(exampleId) ?? []), score]);
  }
  return gradeSpread([...scores.values()]);
}

function isAffordable({ course, state }: Run, samples: number): boolean {
  const { spec, splits, prices, reserve } = course;
  const proposals = times(PROPOSALS_BESIDE, worstProposal(spec, splits, prices));
  const all = addCosts(times(samples, prices.worstGrade), proposals);
  return timesThatFit(spec.budget, addCosts(state.used, reserve), all, 1) === 1;
}
