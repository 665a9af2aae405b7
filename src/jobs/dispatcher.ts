import { abortable } from "../base/abort.ts";
import type { Job, JobStatus } from "../domain/job.ts";
import type { Dispatcher, Run } from "./dispatch.ts";
import { noteClaim } from "./note-claim.ts";
import type { JobsDeps } from "./ports.ts";
import { type RunningJobs, RunStopped } from "./running-jobs.ts";

/** How often the store is looked at without a reason: for jobs whose run the store's troubles ended. */
const LOOK_AGAIN_MS = 5000;

/**
 * The dispatcher of a process that is the only worker there is. It runs at most `limits.maxRunningJobs` jobs at once, oldest first. A job that is `running` in the
 * store and not here has lost its worker: it is claimed again, whether that was a crash or the store's trouble.
 */
export function createDispatcher(deps: JobsDeps, running: RunningJobs, worker: string, run: Run): Dispatcher {
  const { store, clock, log, metrics, limits } = deps;
  const runs = new Set<Promise<void>>();
  const lost = new Set<string>(); // jobs another worker took from us: a handful at most, and never taken back
  let claiming = false;
  let askedAgain = false;
  let stopped = true;
  let stopTimer: (() => void) | undefined;

  const free = () => (stopped ? 0 : limits.maxRunningJobs - running.size);

  const runOne = async (job: Job) => {
    metrics.gauge("jobs_running", 1);
    const end = await run(job, running.enter(job.id), () => undefined); // nobody else can have it
    running.leave(job.id);
    metrics.gauge("jobs_running", -1);
    if (end === "lost") lost.add(job.id);
    if (end !== "interrupted") wake(); // else the timer does: a store in trouble is not asked at once again
  };

  const claimFrom = async (from: Extract<JobStatus, "running" | "pending">) => {
    // So many that, without those passed over, enough are left for every free place.
    const ids = await store.jobIds([from], limits.maxRunningJobs + running.size + lost.size);
    for (const id of ids) {
      if (free() <= 0) return;
      if (running.has(id) || lost.has(id)) continue;
      const job = await store.claim(id, worker, clock.now());
      if (job === undefined) continue; // cancelled since it was listed
      noteClaim(deps, job, from);
      const one = runOne(job);
      runs.add(one);
      void one.finally(() => runs.delete(one));
    }
  };

  const claimAll = async () => {
    claiming = true;
    try {
      do {
        askedAgain = false;
        if (free() > 0) await claimFrom("running");
        if (free() > 0) await claimFrom("pending");
      } while (askedAgain);
    } catch (error) {
      log.warn("dispatch_failed", {}, error); // the timer tries again
    } finally {
      claiming = false;
    }
  };

  let lastLook: Promise<void> = Promise.resolve();
  const wake = () => {
    if (stopped) return;
    askedAgain = true;
    if (!claiming) lastLook = claimAll();
  };

  return {
    start() {
      stopped = false;
      stopTimer = clock.every(LOOK_AGAIN_MS, wake);
      wake();
    },
    wake,
    async drain(signal) {
      stopped = true;
      stopTimer?.();
      running.stopAll(new RunStopped("draining"));
      const allEnded = async () => {
        await lastLook; // a claim under way may still begin a run
        running.stopAll(new RunStopped("draining"));
        await Promise.all(runs);
      };
      await abortable(allEnded(), signal);
    },
  };
}
