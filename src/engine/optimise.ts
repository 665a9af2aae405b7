import { abortScope, throwIfAborted } from "../base/abort.ts";
import { announce } from "./announce.ts";
import { testSeedAside } from "./aside.ts";
import { begin } from "./begin.ts";
import { OutageError } from "./breaker.ts";
import { addCosts } from "./budget.ts";
import { bookRollouts, commitProposal } from "./commit.ts";
import { conclude } from "./conclude.ts";
import { decideIntent } from "./decide.ts";
import { takeOff, type Flight } from "./flight.ts";
import { type EngineOutcome, type EngineStep, type Optimise, OutOfTimeError } from "./ports.ts";
import type { Outcome } from "./proposal.ts";
import { optimiseLikeReference } from "./reference/profile.ts";
import { race, settle } from "./race.ts";
import { checkpoint, generated, judged, openRun, progress, type Run } from "./run.ts";
import { candidateId, type State } from "./state.ts";
import { budgetStop, STOPPED } from "./stop.ts";
import { ALL_TACTICS, type Tactics } from "./tactics.ts";

/**
 * GEPA (arXiv 2507.19457) as a fixed-lag pipeline of `config.width` proposals.
 *
 * Each proposal is decided at once (`decide.ts`: select a parent, an operator, a minibatch), carried out at its own pace
 * (`proposal.ts`: run, reflect, try, begin to validate), and committed in order (`commit.ts`: accept, learn, record).
 * Between commits whoever promises most is validated further (`race.ts`). Proposal k is decided from the state after
 * commit k − width, so nothing that is decided depends on who answers first. Width 1 is classic GEPA. What is left of
 * the budget completes the most promising of those that were paused.
 */
export const optimise: Optimise = optimiseWith(ALL_TACTICS);

/** The same with parts taken out, for the benchmark that measures what they are worth. */
export function optimiseWith(tactics: Tactics): Optimise {
  return (...given) => runWith(tactics, ...given);
}

async function* runWith(
  tactics: Tactics,
  ...[input, ports, signal]: Parameters<Optimise>
): ReturnType<Optimise> {
  const calls = abortScope(signal);
  const searching = abortScope(calls.signal);
  try {
    throwIfAborted(signal);
    const run = openRun(input, ports, { search: searching.signal, run: calls.signal }, tactics);
    try {
      if (run.course.spec.config.profile === "reference") return yield* optimiseLikeReference(run);
      if (input.checkpoint === undefined) {
        yield* begin(run);
        yield checkpoint(run);
      }
      const ended = yield* search(run);
      if (ended) return ended;
      searching.end(new Error("the search has ended")); // proposals that were dropped call nobody any more
      run.lastBreaker.reset();
      yield* settle(run);
    } catch (error) {
      if (!(error instanceof OutOfTimeError)) throw error;
      run.state = withoutFlights({ ...run.state, stopping: run.state.stopping ?? budgetStop("wall_time") });
    }
    searching.end(new Error("the search has ended"));
    return yield* conclude(run);
  } catch (error) {
    if (error instanceof OutageError) return { kind: "failed", failure: error.failure };
    throw error;
  } finally {
    calls.end(new Error("the run has ended")); // whatever is still in flight has nobody to report to
  }
}

/**
 * Proposes and commits until something says stop, and drops what is in flight then: waiting for it would pay for
 * proposals that nobody needs. Gives an outcome only where the run ends without a conclusion.
 */
async function* search(run: Run): AsyncGenerator<EngineStep, EngineOutcome | undefined, void> {
  const underway = run.state.stopping ? [] : run.state.inFlight;
  const flights = underway.map((intent) => takeOff(run.bench, run.state, intent));
  for (;;) {
    yield* race(run);
    const admitted = run.state.stopping ? run.state : admit(run);
    if (admitted.stopping) {
      run.state = withoutFlights(admitted);
      return undefined;
    }

    const order = await run.ports.outside(run.state.commits + 1);
    if (order === "pause") return { kind: "paused" };
    if (order !== "go") {
      const stopping = order === "stop" ? STOPPED : budgetStop(order);
      run.state = withoutFlights({ ...run.state, stopping });
      return undefined;
    }
    run.state = admitted;
    for (const intent of admitted.inFlight.slice(flights.length)) {
      flights.push(takeOff(run.bench, run.state, intent));
    }
    if (flights.length < run.course.spec.config.width) testSeedAside(run);

    const oldest = flights.shift();
    if (!oldest) return undefined;
    const outcome = yield* follow(run, oldest);
    const verdict = commitProposal(run.course, run.state, oldest.intent, outcome);
    run.state = verdict.state;
    yield* announce(run, verdict.decision);
    yield checkpoint(run);
  }
}

/**
 * The state with the proposals in flight dropped. How far they had come is a matter of timing, so what they paid shows
 * in `spend` only, and is taken at its worst where a limit has to be kept.
 */
function withoutFlights(state: State): State {
  if (state.inFlight.length === 0) return state;
  const worst = addCosts(...state.inFlight.map((intent) => intent.worst));
  return { ...state, inFlight: [], dropped: { proposals: state.inFlight.length, worst } };
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
      yield generated(run, {
        iteration: flight.intent.iteration,
        candidateId: candidateId(flight.intent.iteration),
        parentIds: flight.intent.parentIds,
        operator: flight.intent.operator,
        components: notice.draft.components,
        changedComponents: notice.draft.changed,
        rationale: notice.draft.rationale,
        lessonIds: flight.intent.lessonIds,
        rejectedTexts: notice.draft.rejectedTexts,
      });
      yield progress(run, "generate");
      continue;
    }
    const before = told.get(notice.candidateId) ?? new Set();
    const booked = bookRollouts(run.state, notice.candidateId, notice.exact, notice.rollouts, before);
    run.state = booked.state;
    told.set(notice.candidateId, new Set([...before, ...notice.rollouts.map((r) => r.evaluation.exampleId)]));
    yield* judged(run, flight.intent.iteration, notice.candidateId, notice.stage, booked.evaluations);
  }
  return flight.outcome;
}
