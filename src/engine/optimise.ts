import { throwIfAborted } from "../base/abort.ts";
import { digest } from "../base/digest.ts";
import { componentNames } from "../domain/spec.ts";
import { outage, OutageError } from "./breaker.ts";
import { timesThatFit } from "./budget.ts";
import { bookRollouts, commitProposal, type Verdict } from "./commit.ts";
import { conclude } from "./conclude.ts";
import { takeOff, type Flight } from "./flight.ts";
import { decideIntent } from "./decide.ts";
import type { Intent } from "./intent.ts";
import type { EngineOutcome, EngineStep, Optimise } from "./ports.ts";
import type { Notice, Outcome } from "./proposal.ts";
import { checkpoint, judged, openRun, progress, record, type Run } from "./run.ts";
import { frontOf, meanOver } from "./standing.ts";
import { candidateId, memberOf, SEED_ID, textDigest, type State } from "./state.ts";
import { budgetStop, decideStop } from "./stop.ts";

/**
 * GEPA (arXiv 2507.19457) as a fixed-lag pipeline of `config.width` proposals.
 *
 * Each proposal is decided at once (`decide.ts`: select a parent, an operator, a minibatch), carried out at its own pace
 * (`proposal.ts`: run, reflect, try, validate), and committed in order (`commit.ts`: accept, learn, record). Proposal k
 * is decided from the state after commit k − width, so nothing that is decided depends on who answers first. Width 1
 * is classic GEPA.
 */
export const optimise: Optimise = async function* (input, ports, signal) {
  const calls = new AbortController();
  const onAbort = () => calls.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    throwIfAborted(signal);
    const run = openRun(input, ports, calls.signal);
    if (input.checkpoint === undefined) yield* begin(run);
    const ended = yield* search(run);
    return ended ?? (yield* conclude(run));
  } catch (error) {
    if (error instanceof OutageError) return { kind: "failed", failure: error.failure };
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
    calls.abort(new Error("the run has ended")); // whatever is still in flight has nobody to report to
  }
};

/** Announces the run, and scores the seed on the validation examples. */
async function* begin(run: Run): AsyncGenerator<EngineStep, void, void> {
  const { input, course } = run;
  const { spec, splits } = course;
  yield record(run, {
    type: "started",
    data: {
      configDigest: digest(spec),
      judgeFingerprint: input.judgeFingerprint,
      models: input.models,
      splits,
      plan: run.plan,
      profile: spec.config.profile,
      seed: spec.seed,
      simulated: run.simulated,
      warnings: run.warnings,
    },
  });
  yield record(run, {
    type: "generate",
    data: {
      iteration: 0,
      candidateId: SEED_ID,
      parentIds: [],
      operator: "seed",
      components: spec.components,
      changedComponents: componentNames(spec.components),
      rationale: "The prompt as it was sent.",
      lessonIds: [],
      rejectedTexts: [],
    },
  });

  const affordable = timesThatFit(
    spec.budget,
    course.reserve,
    course.prices.worstRun,
    splits.validation.length,
  );
  const ids = splits.validation.slice(0, affordable);
  const rollouts = await run.bench.evaluate(spec.components, ids);
  const booked = bookRollouts(run.state, SEED_ID, textDigest(spec.components), rollouts, new Set());
  run.state = booked.state;
  yield judged(run, 0, SEED_ID, "validation", booked.evaluations);
  const score = meanOver(memberOf(run.state, SEED_ID), splits.validation);
  const problem = booked.evaluations.find((e) => e.error)?.error;
  if (score === undefined && problem) throw new OutageError(outage("target", problem));

  const stopping = decideStop(spec, splits.validation, run.state);
  if (stopping) run.state = { ...run.state, stopping };
  yield* announce(run, 0, {
    state: run.state,
    candidateId: SEED_ID,
    accepted: true,
    reason:
      score === undefined
        ? "The budget has no room to score the seed."
        : `The seed scored ${score.toFixed(3)} on ${ids.length} validation ${ids.length === 1 ? "example" : "examples"}.`,
    lessons: [],
  });
}

/** Proposes and commits until something says stop. Gives an outcome only where the run ends without a conclusion. */
async function* search(run: Run): AsyncGenerator<EngineStep, EngineOutcome | undefined, void> {
  const flights = run.state.inFlight.map((intent) => takeOff(run.bench, run.state, intent));
  for (;;) {
    const admitted = run.state.stopping ? run.state : admit(run);
    if (admitted.inFlight.length === 0) {
      run.state = admitted;
      return undefined;
    }

    const order = await run.ports.outside(run.state.commits + 1);
    if (order === "pause") return { kind: "paused" };
    if (order === "wall_time") {
      run.state = { ...run.state, inFlight: [], stopping: budgetStop("wall_time") };
      return undefined;
    }
    if (order === "stop") {
      run.state = { ...run.state, stopping: { reason: "stopped", detail: "The caller asked to stop." } };
    } else {
      run.state = admitted;
      for (const intent of admitted.inFlight.slice(flights.length)) {
        flights.push(takeOff(run.bench, run.state, intent));
      }
    }

    const oldest = flights.shift();
    if (!oldest) return undefined;
    const outcome = yield* follow(run, oldest);
    const verdict = commitProposal(run.course, run.state, oldest.intent, outcome);
    run.state = verdict.state;
    yield* announce(run, oldest.intent.iteration, verdict);
  }
}

/** The state with as many new intents as the width and the budget admit. */
function admit(run: Run): State {
  let state = run.state;
  while (state.inFlight.length < run.course.spec.config.width) {
    const decision = decideIntent(run.course, state);
    if ("noRoom" in decision) {
      // With others still in flight their unused reservations may yet make room.
      return state.inFlight.length > 0 ? state : { ...state, stopping: budgetStop(decision.noRoom) };
    }
    state = { ...state, inFlight: [...state.inFlight, decision.intent] };
  }
  return state;
}

/** Tells what the oldest proposal does, as it happens, and gives how it ended. */
async function* follow(run: Run, flight: Flight): AsyncGenerator<EngineStep, Outcome, void> {
  const told = new Map<string, Set<string>>();
  for await (const notice of flight.notices()) {
    if (notice.kind === "generated") {
      yield record(run, generated(flight.intent, notice));
      yield progress(run, "generate");
      continue;
    }
    const before = told.get(notice.candidateId) ?? new Set();
    const booked = bookRollouts(run.state, notice.candidateId, notice.text, notice.rollouts, before);
    run.state = booked.state;
    told.set(notice.candidateId, new Set([...before, ...notice.rollouts.map((r) => r.evaluation.exampleId)]));
    yield judged(run, flight.intent.iteration, notice.candidateId, notice.stage, booked.evaluations);
  }
  return flight.outcome;
}

function generated(intent: Intent, { draft }: Extract<Notice, { kind: "generated" }>) {
  return {
    type: "generate" as const,
    data: {
      iteration: intent.iteration,
      candidateId: candidateId(intent.iteration),
      parentIds: intent.parentIds,
      operator: intent.operator,
      components: draft.components,
      changedComponents: draft.changed,
      rationale: draft.rationale,
      lessonIds: intent.lessonIds,
      rejectedTexts: draft.rejectedTexts,
    },
  };
}

/** Tells what a commit decided and where the run stands, and lets go of everything before it. */
async function* announce(
  run: Run,
  iteration: number,
  verdict: Verdict,
): AsyncGenerator<EngineStep, void, void> {
  yield record(run, {
    type: "select",
    data: {
      iteration,
      candidateId: verdict.candidateId,
      accepted: verdict.accepted,
      reason: verdict.reason,
      front: frontOf(run.state.pool, run.course.splits.validation),
      lessons: verdict.lessons,
    },
  });
  yield progress(run, "select");
  yield checkpoint(run);
}
