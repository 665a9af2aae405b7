import type { Evaluation } from "../domain/evaluation.ts";
import { addCosts, limitBrokenBy, times, type Cost } from "./budget.ts";
import { gradesFor, timesInWords } from "./grades.ts";
import { noteNoise, spreadOf } from "./noise-floor.ts";
import type { EngineStep } from "./ports.ts";
import { PROPOSALS_BESIDE, worstProposal } from "./reserve.ts";
import { gradeEach, judged, type Run } from "./run.ts";
import { memberOf, SEED_ID, withNewEvaluations, type State } from "./state.ts";

/**
 * Decides how often each output of the run is graded, from the first grades of the seed's outputs and the second grades
 * that some of them have. Where the judge looks noisy all of them are graded twice and looked at again, for a dozen pairs
 * may look noisy by chance; then they get the grades they still lack, so that every score of the run is the mean of
 * equally many. The target is not called for it. Gives what was decided as a sentence, where there is something to tell.
 */
export async function* chooseGrades(
  run: Run,
  first: readonly Evaluation[],
  again: readonly Evaluation[],
): AsyncGenerator<EngineStep, string | undefined, void> {
  const { components, config } = run.course.spec;
  const wantedOf = (...others: readonly Evaluation[]) => {
    const spread = spreadOf(first, others);
    return spread ? gradesFor(spread, config.maxGrades ?? 1) : 1;
  };
  const suspected = wantedOf(...again);
  if (suspected === 1) return undefined;
  const ids = first.map((e) => e.exampleId);
  const open = ids.filter((id) => !again.some((e) => e.exampleId === id));
  if (!hasRoom(run, 2, open.length)) return sentence(run.state, suspected, 1);

  const others = [...again, ...(await gradeAgain(run, open, 1))];
  noteNoise(run, spreadOf(first, others));
  const wanted = wantedOf(...others);
  if (wanted === 1) return undefined;
  let grades = wanted;
  while (grades > 2 && !hasRoom(run, grades, ids.length * (grades - 2))) grades--;
  for (let repeat = 2; repeat < grades; repeat++) await gradeAgain(run, ids, repeat);

  gradeEach(run, grades);
  const rollouts = await run.bench.evaluate(components, ids); // remembered, and paid for above
  const evaluations = rollouts.map((r) => r.evaluation);
  const seed = withNewEvaluations(memberOf(run.state, SEED_ID), evaluations);
  run.state = { ...run.state, pool: run.state.pool.map((m) => (m.id === SEED_ID ? seed : m)) };
  const changed = evaluations.filter((e) => e.grades !== undefined);
  yield* judged(run, 0, SEED_ID, "validation", changed);
  return sentence(run.state, wanted, grades);
}

/** Further grades of the seed's outputs, booked; they are model calls and no metric calls. */
async function gradeAgain(run: Run, ids: readonly string[], repeat: number): Promise<Evaluation[]> {
  const { components } = run.course.spec;
  const asked = await Promise.all(ids.map((id) => run.gradeAgain(components, id, repeat)));
  const graded = asked.flatMap((rollout) => rollout ?? []);
  run.state = { ...run.state, used: addCosts(run.state.used, ...graded.map((r) => r.cost)) };
  return graded.map((r) => r.evaluation);
}

/**
 * Whether so many grades of each output leave room for all that is kept back, and for a few proposals, after so many
 * more grades of the seed's outputs.
 */
function hasRoom(run: Run, grades: number, missing: number): boolean {
  const { spec, splits, reserve, testing } = run.course;
  const { course } = run.equip(grades);
  const keepsBack = (now: Cost, then: Cost) => now.metricCalls === then.metricCalls;
  if (!keepsBack(reserve, course.reserve) || !keepsBack(testing, course.testing)) return false;
  const taken = addCosts(run.state.used, course.reserve);
  const proposals = times(PROPOSALS_BESIDE, worstProposal(spec, splits, course.prices));
  const seed = times(missing, { ...course.prices.worstGrade, metricCalls: 0 });
  return limitBrokenBy(spec.budget, taken, addCosts(seed, proposals)) === undefined;
}

function sentence({ noise = 0 }: State, wanted: number, grades: number): string {
  const disagrees = `The judge disagrees with itself by ${noise.toFixed(2)}`;
  return grades === wanted
    ? `${disagrees}, so each output is graded ${timesInWords(grades)}.`
    : `${disagrees}, but the budget has no room to grade each output ${timesInWords(wanted)}: it is graded ${timesInWords(grades)}.`;
}
