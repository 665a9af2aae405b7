import type { JobLimits, JobsDeps } from "./ports.ts";
import type { WatchHub } from "./watch-hub.ts";

/** How often ended jobs are looked through; what is kept is counted in days. */
const SWEEP_EVERY_MS = 3_600_000;
/** Jobs of one look. Each is a transaction of its own, so that runs need not wait for many at once. */
const BATCH = 100;
/** Events that stay of a log: `final` and `finished`, or what stood before `failed` or `cancelled`. */
export const KEPT_EVENTS = 2;

type Deps = Pick<JobsDeps, "store" | "clock" | "log"> & {
  readonly limits: Pick<JobLimits, "jobRetentionMs" | "eventRetentionMs">;
};

/**
 * Removes ended jobs, and cuts the logs of others, when their time is over: now and every hour, until the returned
 * function is called. What fails is tried again at the next look.
 */
export function sweepEnded(deps: Deps, hub: Pick<WatchHub, "poke">): () => void {
  const { jobRetentionMs, eventRetentionMs } = deps.limits;
  if (jobRetentionMs === undefined && eventRetentionMs === undefined) return () => undefined;
  let sweeping = false;
  let stopped = false;
  const sweep = async () => {
    if (sweeping) return;
    sweeping = true;
    try {
      await sweepOnce(deps, hub, () => stopped);
    } catch (error) {
      deps.log.warn("retention_failed", {}, error);
    } finally {
      sweeping = false;
    }
  };
  const stopTimer = deps.clock.every(SWEEP_EVERY_MS, () => void sweep());
  void sweep();
  return () => {
    stopped = true;
    stopTimer();
  };
}

async function sweepOnce(
  { store, clock, log, limits }: Deps,
  hub: Pick<WatchHub, "poke">,
  isStopped: () => boolean,
): Promise<void> {
  const { jobRetentionMs, eventRetentionMs } = limits;
  const inBatches = async (list: () => Promise<readonly string[]>, act: (id: string) => Promise<void>) => {
    for (let ids = await list(); ids.length > 0; ids = await list()) {
      for (const id of ids) {
        if (isStopped()) return;
        await act(id);
      }
    }
  };
  if (jobRetentionMs !== undefined) {
    const endedBefore = clock.now() - jobRetentionMs;
    await inBatches(
      () => store.endedJobs({ endedBefore, limit: BATCH }),
      async (id) => {
        await store.deleteJob(id);
        hub.poke(id); // whoever still reads its log finds out now
        log.info("job_deleted", { job_id: id, reason: "its retention is over" });
      },
    );
  }
  if (eventRetentionMs !== undefined) {
    const endedBefore = clock.now() - eventRetentionMs;
    await inBatches(
      () => store.endedJobs({ endedBefore, withMoreEventsThan: KEPT_EVENTS, limit: BATCH }),
      async (id) => {
        const dropped = await store.truncateEvents(id, KEPT_EVENTS);
        log.info("events_dropped", { job_id: id, events: dropped, reason: "their retention is over" });
      },
    );
  }
}
