import { abortable, sharedByCalls } from "../base/abort.ts";
import type { EngineEvent } from "../domain/event.ts";
import type { Job, JobFailure } from "../domain/job.ts";
import type { EngineOutcome, Optimise } from "../engine/ports.ts";
import { FencedError, WithdrawnError } from "../storage/store.ts";
import { bookSpend } from "./book-spend.ts";
import { noteTransition } from "./note-transition.ts";
import { openRun, type Run, type RunSignals } from "./open-run.ts";
import { PAUSED_BY_CALLER } from "./pause-job.ts";
import type { RunDeps } from "./ports.ts";
import { failureOf, isStoreTrouble } from "./run-failure.ts";
import { createRunRecorder, type Recording, type RunRecorder } from "./run-recorder.ts";
import { createRunWriter, type RunWriter } from "./run-writer.ts";
import { type RunControl, RunStopped } from "./running-jobs.ts";

/** How often a run that waits for its models shows what it has paid by then. */
const SHOW_SPEND_MS = 2_000;

/**
 * How a run ended here. `ended`: the job is over, or paused. `lost`: it is somebody else's now. `stopped`: this
 * process gave it up. `interrupted`: the store is in trouble; the job stays `running` and can be claimed again.
 */
export type RunEnd = "ended" | "lost" | "stopped" | "interrupted";

/**
 * Runs a claimed job to its end: drives the engine from the last checkpoint, records what it yields, closes the log.
 * Never rejects. When its signal aborts, the run stops without a terminal event and can be taken up again.
 */
export async function runJob(deps: RunDeps, job: Job, control: RunControl): Promise<RunEnd> {
  let end = await runOnce(deps, job, control);
  while (end === "withdrawn") end = await runAgain(deps, job, control);
  return end;
}

/** Goes on after a pause that the caller took back before it was recorded: the job is still this run's own. */
async function runAgain(deps: RunDeps, job: Job, control: RunControl): Promise<RunEnd | "withdrawn"> {
  try {
    const now = await deps.store.getJob(job.id);
    return now?.fence === job.fence ? await runOnce(deps, now, control) : "lost";
  } catch (error) {
    deps.log.warn("run_interrupted", { job_id: job.id, fence: job.fence }, error);
    return "interrupted";
  }
}

async function runOnce(deps: RunDeps, job: Job, control: RunControl): Promise<RunEnd | "withdrawn"> {
  const recorder = createRunRecorder(deps, job);
  const signals = signalsWithin(control);
  const attempt: Attempt = { deps, job, recorder, ...signals };
  try {
    const run = await openRun(deps, job, recorder, signals);
    return await close(attempt, "code" in run ? failed(run) : await drive(attempt, run));
  } catch (error) {
    // The first reason to stop is the true one; what the engine rejected with may only follow from it.
    const cause = signals.signal.aborted ? signals.signal.reason : error;
    if (cause instanceof WithdrawnError) return "withdrawn";
    return leftBy(attempt, cause) ?? (await closeAfterBug(attempt, cause));
  }
}

function signalsWithin(outer: RunControl): RunSignals {
  const run = new AbortController();
  const calls = new AbortController();
  const signal = sharedByCalls(AbortSignal.any([outer.signal, run.signal]));
  return {
    signal,
    callsSignal: sharedByCalls(AbortSignal.any([outer.callsSignal, calls.signal])),
    stop(cause) {
      if (signal.aborted) return; // what follows from a stop is no reason to drop calls that were let go on
      run.abort(cause);
      if (!isStoreTrouble(cause)) calls.abort(cause);
    },
  };
}

/** One attempt at a job: what it works with, and how it is brought to an end. */
interface Attempt extends RunSignals {
  readonly deps: RunDeps;
  readonly job: Job;
  readonly recorder: RunRecorder;
}

/** What the engine came to, with the events that belong into the last write. */
interface Ended {
  readonly outcome: EngineOutcome;
  readonly tail: readonly EngineEvent[];
  readonly engineOrdinal?: number;
}

function failed(failure: JobFailure): Ended {
  return { outcome: { kind: "failed", failure }, tail: [] };
}

async function drive({ deps, job, recorder, signal, stop }: Attempt, run: Run): Promise<Ended> {
  const writer = createRunWriter((batch) => recorder.record(batch), job.engineOrdinal, stop);
  const steps = deps.optimise(run.input, run.ports, signal);
  const leaveSpend = deps.clock.every(SHOW_SPEND_MS, showSpend(run, writer));
  try {
    const ended = await takeSteps(steps, job, run, writer, signal);
    await writer.flush();
    return ended;
  } catch (error) {
    stop(error);
    throw error;
  } finally {
    leaveSpend();
    // What was yielded and what was paid is worth keeping, however the run ended.
    await writer.flush().catch(() => undefined); // a failed write has told `stop` already
    await run.ledger.settled();
    if (signal.aborted) await bookSpend(deps, job, run.ledger.spend());
  }
}

/** Brings the job's row up to date where more was paid since the last time: an event may be minutes away. */
function showSpend({ ledger }: Pick<Run, "ledger">, writer: Pick<RunWriter, "touch">): () => void {
  let shown = JSON.stringify(ledger.spend());
  return () => {
    const spend = JSON.stringify(ledger.spend());
    if (spend === shown) return;
    shown = spend;
    writer.touch();
  };
}

/**
 * Takes the engine's steps to their end. Events that an earlier run recorded are dropped; from `final` on they are
 * held back, so that the outcome and the end of the log are one write.
 */
async function takeSteps(
  steps: ReturnType<Optimise>,
  job: Job,
  run: Run,
  writer: RunWriter,
  signal: AbortSignal,
): Promise<Ended> {
  const tail: EngineEvent[] = [];
  for (let ordinal = run.ordinal; ; ) {
    const next = await abortable(steps.next(), signal);
    if (next.done) return { outcome: next.value, tail, engineOrdinal: writer.ordinal + tail.length };
    const step = next.value;
    if (step.kind === "checkpoint") {
      if (step.ordinal !== ordinal) throw new Error(`checkpoint at ${step.ordinal} after ${ordinal} events`);
      await writer.push(step);
      continue;
    }
    ordinal++;
    if (ordinal <= job.engineOrdinal) continue;
    run.progress.see(step.event);
    if (tail.length > 0 || step.event.type === "final") tail.push(step.event);
    else await writer.push(step);
  }
}

/** The last write of a run: the outcome, its events and the new status together. */
async function close({ deps, job, recorder }: Attempt, ended: Ended): Promise<RunEnd> {
  const { outcome, tail, engineOrdinal } = ended;
  const { reason, ...recording } = closing(outcome);
  await recorder.record({
    ...recording,
    events: [...tail, ...recording.events],
    ...(engineOrdinal === undefined ? {} : { engineOrdinal }),
  });
  noteTransition(deps, job, { from: "running", to: recording.status, reason });
  return "ended";
}

function closing(
  outcome: EngineOutcome,
): Recording & { readonly status: "finished" | "failed" | "paused"; readonly reason: string } {
  switch (outcome.kind) {
    case "finished": {
      const { result } = outcome;
      const { stopReason } = result;
      return {
        events: [{ type: "finished", data: { stopReason } }],
        status: "finished",
        result,
        reason: stopReason,
      };
    }
    case "failed": {
      const { failure } = outcome;
      return { events: [{ type: "failed", data: failure }], status: "failed", failure, reason: failure.code };
    }
    case "paused":
      return { events: [PAUSED_BY_CALLER], status: "paused", reason: "paused by the caller" };
  }
}

/** How a run ended that leaves its job as it is; undefined where the job itself must fail. */
function leftBy({ deps, job }: Attempt, cause: unknown): RunEnd | undefined {
  const fields = { job_id: job.id, fence: job.fence };
  if (cause instanceof FencedError) {
    deps.log.info("run_lost", fields);
    return "lost";
  }
  if (cause instanceof RunStopped) {
    deps.log.info("run_stopped", { ...fields, reason: cause.why });
    return "stopped";
  }
  if (isStoreTrouble(cause)) {
    deps.log.warn("run_interrupted", fields, cause);
    return "interrupted";
  }
  return undefined;
}

async function closeAfterBug(attempt: Attempt, cause: unknown): Promise<RunEnd> {
  const { deps, job } = attempt;
  deps.log.error("run_failed", { job_id: job.id, fence: job.fence }, cause);
  try {
    return await close(attempt, failed(failureOf(cause)));
  } catch (error) {
    return leftBy(attempt, error) ?? "interrupted";
  }
}
