import { sharedByCalls } from "../base/abort.ts";
import { cancelJob } from "./cancel-job.ts";
import { createJob } from "./create-job.ts";
import { deleteJob } from "./delete-job.ts";
import { type Dispatcher, type HandOut, noDispatcher, type Run } from "./dispatch.ts";
import { createDispatcher } from "./dispatcher.ts";
import { estimateJob } from "./estimate-job.ts";
import { forkJob } from "./fork-job.ts";
import { getCandidate } from "./get-candidate.ts";
import { getJob } from "./get-job.ts";
import { getReport } from "./get-report.ts";
import { guardModels } from "./guard-models.ts";
import { createInFlightGate, sweepIdempotency } from "./idempotency.ts";
import { listCandidates } from "./list-candidates.ts";
import { listEvents } from "./list-events.ts";
import { listJobs } from "./list-jobs.ts";
import { listRollouts } from "./list-rollouts.ts";
import { createNewJobs } from "./new-job.ts";
import { pauseJob } from "./pause-job.ts";
import type { JobsDeps } from "./ports.ts";
import { createQueueDispatcher } from "./queue-dispatcher.ts";
import { resumeJob } from "./resume-job.ts";
import { sweepEnded } from "./retention.ts";
import { runJob } from "./run-job.ts";
import { createRunningJobs, type RunningJobs, RunStopped } from "./running-jobs.ts";
import { stopJob } from "./stop-job.ts";
import { createTurns } from "./turns.ts";
import type { UseCases } from "./use-cases.ts";
import { createWatchHub } from "./watch-hub.ts";
import { watchJob } from "./watch-job.ts";

/** The jobs of one process: what callers can do with them, and what runs them. */
export interface Jobs {
  readonly useCases: UseCases;
  /** Takes up the jobs an earlier process left running, then those that wait. */
  start(): void;
  /**
   * Claims nothing more and stops the runs without a terminal event, so that the next start takes them up. Resolves
   * after their last writes; rejects with the signal's reason. Answers that wait to be booked are given up when
   * `booking` aborts, so that their runs can still end in good order.
   */
  drain(signal: AbortSignal, booking?: AbortSignal): Promise<void>;
  /** Lets go of the store's wake-ups; after the streams have ended, before the store is closed. */
  close(): void;
}

/** Puts the use cases and the runtime together. `worker` names this process in the jobs it claims. */
export function createJobs(deps: JobsDeps, worker: string, handOut: HandOut = { kind: "alone" }): Jobs {
  const hub = createWatchHub(deps.store, deps.clock);
  const running = createRunningJobs();
  const closing = new AbortController();
  const runDeps = { ...deps, turns: createTurns(), closing: sharedByCalls(closing.signal) };
  const run: Run = (job, control, mayCall) => {
    const resolveModels: JobsDeps["resolveModels"] = (targetModelId, roles) =>
      guardModels(deps.resolveModels(targetModelId, roles), mayCall);
    return runJob({ ...runDeps, resolveModels }, job, control);
  };
  const dispatcher = dispatcherFor(handOut, deps, running, worker, run);
  const newJobs = createNewJobs(deps, createInFlightGate(), dispatcher.wake);
  let stopSweeps: (() => void)[] = [];
  return {
    useCases: {
      createJob: createJob(deps, newJobs),
      getJob: getJob(deps),
      listJobs: listJobs(deps),
      watchJob: watchJob(deps, hub),
      listEvents: listEvents(deps),
      listCandidates: listCandidates(deps),
      getCandidate: getCandidate(deps),
      listRollouts: listRollouts(deps),
      getReport: getReport(deps),
      cancelJob: cancelJob(deps, running),
      stopJob: stopJob(deps, dispatcher.wake),
      pauseJob: pauseJob(deps),
      resumeJob: resumeJob(deps, dispatcher.wake),
      forkJob: forkJob(deps, newJobs),
      estimateJob: estimateJob(deps),
      deleteJob: deleteJob(deps, hub),
    },
    start() {
      stopSweeps = [sweepIdempotency(deps, deps.limits.idempotencyTtlMs), sweepEnded(deps, hub)];
      dispatcher.start();
    },
    async drain(signal, booking = signal) {
      for (const stop of stopSweeps) stop();
      const giveUp = () => closing.abort(new RunStopped("draining"));
      booking.addEventListener("abort", giveUp, { once: true });
      if (booking.aborted) giveUp();
      await dispatcher.drain(signal).finally(giveUp);
    },
    close: () => hub.close(),
  };
}

function dispatcherFor(
  handOut: HandOut,
  deps: JobsDeps,
  running: RunningJobs,
  worker: string,
  run: Run,
): Dispatcher {
  switch (handOut.kind) {
    case "alone":
      return createDispatcher(deps, running, worker, run);
    case "queue":
      return createQueueDispatcher(deps, handOut.queue, running, worker, run);
    case "elsewhere":
      return noDispatcher;
  }
}
