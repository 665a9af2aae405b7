import { OutageError } from "./breaker.ts";
import { addCosts, limitBrokenBy, times, type Cost } from "./budget.ts";
import { chooseChampion } from "./champion.ts";
import { bookRollouts } from "./commit.ts";
import { type EngineOutcome, type EngineStep, OutOfTimeError } from "./ports.ts";
import { prune } from "./prune.ts";
import { artifactsOf, concludeRun, type Evidence } from "./report/report.ts";
import { judged, progress, record, type Run } from "./run.ts";
import { candidateText } from "./standing.ts";
import { memberOf, SEED_ID } from "./state.ts";
import { isEarly } from "./stop.ts";

/**
 * Ends a run: says why it stops, chooses the champion, prunes it, tests it beside the seed on examples the search never
 * saw, and reports.
 */
export async function* conclude(run: Run): AsyncGenerator<EngineStep, EngineOutcome, void> {
  const { stopping } = run.state;
  if (!stopping) throw new Error("a run that goes on can not be concluded");
  if (isEarly(stopping)) {
    yield record(run, {
      type: "early_stop",
      data: { iteration: run.state.commits, reason: stopping.reason, detail: stopping.detail },
    });
  }
  run.course = { ...run.course, testing: testingAtEnd(run) };
  const { spec, splits } = run.course;
  const isOurs = spec.config.profile === "default";
  const choice = isOurs ? chooseChampion(run.state.pool, splits.validation) : undefined;
  if (choice) run.state = { ...run.state, bestId: choice.member.id };
  try {
    // Whoever asked to stop is not made to wait for a shorter text.
    const inHaste = stopping.reason === "wall_time" || stopping.reason === "stopped";
    if (!inHaste) yield* prune(run);
    if (stopping.reason !== "wall_time") yield* test(run);
  } catch (error) {
    // What was found stands; the report says that it was not tested.
    if (!(error instanceof OutageError || error instanceof OutOfTimeError)) throw error;
    if (error instanceof OutageError) run.state = { ...run.state, unbooked: true };
  }
  yield progress(run, "final");

  const evidence: Evidence = {
    spec,
    splits,
    state: run.state,
    ...(choice ? { choice } : {}),
    stopReason: stopping.reason,
    simulated: run.simulated,
    spend: run.ports.measure().spend,
  };
  const { champion, bestCandidate, report } = concludeRun(evidence);
  const result = {
    champion: candidateText(champion, splits.validation),
    ...(bestCandidate ? { bestCandidate: candidateText(bestCandidate, splits.validation) } : {}),
    report,
  };
  yield record(run, { type: "final", data: { ...result, artifacts: artifactsOf(evidence, champion) } });
  return { kind: "finished", result: { ...result, stopReason: stopping.reason } };
}

/** What is kept back for the test; where that was nothing, all it takes where the search has left so much. */
function testingAtEnd({ course, state }: Run): Cost {
  const { spec, splits, prices, testing } = course;
  if (testing.metricCalls > 0) return testing;
  const whole = times(2 * splits.test.length, prices.worstRun);
  const taken = addCosts(state.used, ...(state.dropped ? [state.dropped.worst] : []));
  return limitBrokenBy(spec.budget, taken, whole) ? testing : whole;
}

/** Runs the seed and the best candidate on the test split, for which their cost was kept back. */
async function* test(run: Run): AsyncGenerator<EngineStep, void, void> {
  const ids = run.course.splits.test;
  if (ids.length === 0 || run.course.testing.metricCalls === 0) return;
  const members = [...new Set([SEED_ID, run.state.bestId])].map((id) => memberOf(run.state, id));
  const rollouts = await Promise.all(members.map((m) => run.evaluate(m.components, ids)));
  for (const [i, member] of members.entries()) {
    const booked = bookRollouts(run.state, member.id, member.exact, rollouts[i] ?? [], new Set());
    run.state = booked.state;
    yield* judged(run, run.state.commits, member.id, "test", booked.evaluations);
  }
}
