import type { Clock } from "../base/clock.ts";
import type { JobEvent } from "../domain/event.ts";
import type { Store } from "../storage/store.ts";

/** Longest wait of a watcher whose wake-up was lost; the log is the truth, a wake-up only a hint. */
const SAFETY_POLL_MS = 1000;

/** Why a wait ended: something was appended, or it is time to look at the log anyway. */
export type WakeUp = "appended" | "poll";

/** One watcher's place in the hub. It holds no events: a watcher reads the log by its own cursor, as fast as it can. */
export interface Follower {
  /** Id of the last event the hub has heard of since somebody began to follow the job; 0 for none. */
  head(): number;
  /** Resolves once there are events after `known`, or for a poll; rejects with the signal's reason. */
  wait(known: number, signal: AbortSignal): Promise<WakeUp>;
  /** Leaves the hub; may be called again. */
  release(): void;
}

/** Wakes the watchers of this process and shares their reads. */
export interface WatchHub {
  follow(jobId: string): Follower;
  /**
   * Events after a cursor. Equal reads under way are one read, so that a thousand watchers at the head cost one; a read
   * that began before the hub heard of a newer event is not equal, for it may have missed that one.
   */
  read(jobId: string, after: number, limit: number): Promise<readonly JobEvent[]>;
  /** Makes the watchers of a job look at its log now. */
  poke(jobId: string): void;
  /** Forgets everybody and lets go of the store. Waits under way end with their signals. */
  close(): void;
}

interface Followed {
  head: number;
  followers: number;
  readonly waiting: Set<(why: WakeUp) => void>;
}

/** A hub over a store. It holds one entry a followed job and a timer while there is one. */
export function createWatchHub(store: Pick<Store, "events" | "onAppend">, clock: Clock): WatchHub {
  const jobs = new Map<string, Followed>();
  const reads = new Map<string, Promise<readonly JobEvent[]>>();
  let stopPolling: (() => void) | undefined;

  const wake = (job: Followed, why: WakeUp) => {
    for (const resolve of [...job.waiting]) resolve(why);
  };
  const unsubscribe = store.onAppend((jobId, lastEventId) => {
    const job = jobs.get(jobId);
    if (job === undefined) return;
    job.head = Math.max(job.head, lastEventId);
    wake(job, "appended");
  });
  const poll = () => {
    for (const job of jobs.values()) wake(job, "poll");
  };
  const enter = (jobId: string): Followed => {
    const job = jobs.get(jobId) ?? { head: 0, followers: 0, waiting: new Set() };
    jobs.set(jobId, job);
    job.followers++;
    stopPolling ??= clock.every(SAFETY_POLL_MS, poll);
    return job;
  };
  const leave = (jobId: string, job: Followed) => {
    job.followers--;
    if (job.followers === 0) jobs.delete(jobId);
    if (jobs.size > 0) return;
    stopPolling?.();
    stopPolling = undefined;
  };

  return {
    follow(jobId) {
      const job = enter(jobId);
      let released = false;
      return {
        head: () => job.head,
        wait: (known, signal) =>
          job.head > known ? Promise.resolve("appended") : waitIn(job.waiting, signal),
        release() {
          if (released) return;
          released = true;
          leave(jobId, job);
        },
      };
    },
    read(jobId, after, limit) {
      const key = `${jobId} ${after} ${limit} ${jobs.get(jobId)?.head ?? 0}`;
      const underWay = reads.get(key);
      if (underWay !== undefined) return underWay;
      const read = store.events(jobId, after, limit).finally(() => reads.delete(key));
      reads.set(key, read);
      return read;
    },
    poke(jobId) {
      const job = jobs.get(jobId);
      if (job !== undefined) wake(job, "poll");
    },
    close() {
      unsubscribe();
      stopPolling?.();
      stopPolling = undefined;
      jobs.clear();
    },
  };
}

function waitIn(waiting: Set<(why: WakeUp) => void>, signal: AbortSignal): Promise<WakeUp> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const woken = (why: WakeUp) => {
      waiting.delete(woken);
      signal.removeEventListener("abort", onAbort);
      resolve(why);
    };
    const onAbort = () => {
      waiting.delete(woken);
      reject(signal.reason);
    };
    waiting.add(woken);
    signal.addEventListener("abort", onAbort, { once: true });
  });
}
