import { OutageError } from "./breaker.ts";
import { bookRollouts } from "./commit.ts";
import type { EngineOutcome, EngineStep } from "./ports.ts";
import { artifactsOf, concludeRun, type Evidence } from "./report/report.ts";
import { judged, progress, record, type Run } from "./run.ts";
import { candidateText } from "./standing.ts";
import { memberOf, SEED_ID } from "./state.ts";
import { isEarly } from "./stop.ts";

/** Ends a run: says why it stops, tests the best candidate and the seed on examples the search never saw, reports. */
export async function* conclude(run: Run): AsyncGenerator<EngineStep, EngineOutcome, void> {
  const { stopping } = run.state;
  if (!stopping) throw new Error("a run that goes on can not be concluded");
  if (isEarly(stopping)) {
    yield record(run, {
      type: "early_stop",
      data: { iteration: run.state.commits, reason: stopping.reason, detail: stopping.detail },
    });
  }
  if (stopping.reason !== "wall_time") yield* test(run);
  yield progress(run, "final");

  const { spec, splits } = run.course;
  const evidence: Evidence = {
    spec,
    splits,
    state: run.state,
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

/** Runs the seed and the best candidate on the test split, as far as their cost was kept back from the start. */
async function* test(run: Run): AsyncGenerator<EngineStep, void, void> {
  const ids = run.course.splits.test;
  if (ids.length === 0 || run.course.reserve.metricCalls === 0) return;
  const members = [...new Set([SEED_ID, run.state.bestId])].map((id) => memberOf(run.state, id));
  let rollouts: Awaited<ReturnType<typeof run.bench.evaluate>>[];
  try {
    rollouts = await Promise.all(members.map((m) => run.bench.evaluate(m.components, ids)));
  } catch (error) {
    if (error instanceof OutageError) return; // What was found stands; the report says that it was not tested.
    throw error;
  }
  for (const [i, member] of members.entries()) {
    const booked = bookRollouts(run.state, member.id, member.text, rollouts[i] ?? [], new Set());
    run.state = booked.state;
    yield judged(run, run.state.commits, member.id, "test", booked.evaluations);
  }
}
