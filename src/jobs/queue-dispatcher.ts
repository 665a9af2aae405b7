import { abortable, throwIfAborted } from "../base/abort.ts";
import type { Job } from "../domain/job.ts";
import { type JobQueue, LEASE_MS } from "../storage/queue.ts";
import type { Dispatcher, Run } from "./dispatch.ts";
import { createLeases } from "./leases.ts";
import { noteClaim } from "./note-claim.ts";
import type { JobsDeps } from "./ports.ts";
import type { RunEnd } from "./run-job.ts";
import { type RunningJobs, RunStopped } from "./running-jobs.ts";

/** A worker lets go this long before its job can be given to another, for the clocks of two machines differ. */
const MARGIN_MS = 2_000;

/** Time between signs of life: two may be lost before a run is given up. */
const BEAT_MS = 3_000;

/** How often a worker asks itself whether it is still sure of its jobs; besides, it does before each call. */
const CHECK_MS = 500;

/** How often jobs are looked for that the queue has forgotten: after a move from SQLite, or a restored backup. */
const REFILL_MS = 60_000;

/** A run that has not ended its job: the queue is to hand it out again. */
class HandedBackError extends Error {
  override readonly name = "HandedBackError";
}

/**
 * A dispatcher that shares jobs with other processes by a queue. The queue says who is next and finds dead workers; a
 * worker that can not confirm that it is alive stops its runs by itself and sends nothing more: it only finishes the
 * calls under way and books their answers. One that overslept all that is refused by the fence.
 */
export function createQueueDispatcher(
  deps: JobsDeps,
  queue: JobQueue,
  running: RunningJobs,
  worker: string,
  run: Run,
): Dispatcher {
  const { store, clock, log, metrics, limits } = deps;
  const leases = createLeases(clock, LEASE_MS - MARGIN_MS);
  const runs = new Map<string, Promise<RunEnd>>();
  const ends: (() => void)[] = []; // of timers and subscriptions
  let stopped = true;
  let beating = false;

  const giveUp = (jobId: string) => running.stop(jobId, new RunStopped("lease_lost"));

  const runOne = async (job: Job, since: number, signal: AbortSignal): Promise<RunEnd> => {
    const { id, fence } = job;
    leases.hold(id, fence, since);
    const control = running.enter(id);
    const onAbort = () => giveUp(id);
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) onAbort();
    metrics.gauge("jobs_running", 1);
    const mayCall = () => {
      if (!leases.isSure(id)) giveUp(id);
      throwIfAborted(control.signal);
    };
    const end = await run(job, control, mayCall);
    metrics.gauge("jobs_running", -1);
    signal.removeEventListener("abort", onAbort);
    running.leave(id);
    leases.drop(id, fence);
    return end;
  };

  const handle = async (jobId: string, signal: AbortSignal): Promise<void> => {
    await runs.get(jobId); // a run that has lost the job may still be letting go of it
    throwIfAborted(signal);
    if (stopped) throw new HandedBackError("the worker is shutting down");
    const since = clock.monotonic();
    const [before] = await store.standings([jobId]);
    const job = await store.claim(jobId, worker, clock.now());
    if (before === undefined || job === undefined) return; // ended or paused since it was put on the queue
    noteClaim(deps, job, before.status);
    const one = runOne(job, since, signal);
    runs.set(jobId, one);
    const end = await one;
    runs.delete(jobId);
    if (end !== "ended") throw new HandedBackError(`the run was ${end}`);
  };

  /** Lets go of those of the jobs that are another's or over: a cancel on another node, or a takeover. */
  const look = async (jobIds: readonly string[]) => {
    for (const standing of await store.standings(jobIds)) {
      if (!leases.isLost(standing)) continue;
      running.stop(standing.id, new RunStopped(standing.status === "cancelled" ? "cancelled" : "lease_lost"));
    }
  };

  const beat = async () => {
    if (beating || leases.size === 0) return;
    beating = true;
    try {
      const since = clock.monotonic();
      for (const jobId of leases.confirm(await queue.beat(), since)) giveUp(jobId);
      await look(leases.jobIds);
    } finally {
      beating = false;
    }
  };

  const check = () => {
    for (const jobId of leases.jobIds) if (!leases.isSure(jobId)) giveUp(jobId);
  };

  const refill = async () => {
    const count = await queue.refill();
    if (count > 0) log.info("queue_refilled", { jobs: count });
  };

  const inBackground = (what: string, work: () => Promise<void>) => () => {
    work().catch((error: unknown) => log.warn("dispatch_failed", { what }, error)); // a timer tries again
  };

  return {
    start() {
      stopped = false;
      inBackground("take", () => queue.take(limits.maxRunningJobs, handle))();
      inBackground("refill", refill)();
      ends.push(
        clock.every(REFILL_MS, inBackground("refill", refill)),
        clock.every(BEAT_MS, inBackground("beat", beat)),
        clock.every(CHECK_MS, check),
        store.onChange((jobId) => {
          if (running.has(jobId)) inBackground("look", () => look([jobId]))();
        }),
      );
    },
    wake: () => undefined, // the store puts on the queue what becomes pending
    async drain(signal) {
      stopped = true;
      for (const end of ends) end();
      running.stopAll(new RunStopped("draining"));
      await abortable(queue.stop(), signal);
    },
  };
}
