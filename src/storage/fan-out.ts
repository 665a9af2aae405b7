import type { Logger } from "../base/log.ts";

/** Called with a job and the id of its last event. Only a hint: the truth is in the store. */
export type AppendListener = (jobId: string, lastEventId: number) => void;

/** Tells listeners that jobs have new events. */
export interface FanOut {
  /** To be called after the commit. */
  publish(jobId: string, lastEventId: number): void;
  /** Gives the function that ends the subscription. */
  subscribe(fn: AppendListener): () => void;
  close(): Promise<void>;
}

/** A fan-out within this process: one call a job and turn of the event loop, with the highest id. */
export function createLocalFanOut(log: Logger): FanOut {
  const listeners = new Set<AppendListener>();
  /** Holds at most the jobs of one turn, which the driver's group bounds. */
  let fresh = new Map<string, number>();

  function flush(): void {
    const news = fresh;
    fresh = new Map();
    for (const [jobId, lastEventId] of news) {
      for (const fn of listeners) {
        try {
          fn(jobId, lastEventId);
        } catch (error) {
          log.error("append_listener_failed", { job_id: jobId }, error); // a watcher never harms a job
        }
      }
    }
  }

  return {
    publish(jobId, lastEventId) {
      if (listeners.size === 0) return;
      if (fresh.size === 0) setImmediate(flush);
      fresh.set(jobId, Math.max(lastEventId, fresh.get(jobId) ?? 0));
    },
    subscribe(fn) {
      const own: AppendListener = (jobId, lastEventId) => fn(jobId, lastEventId); // fn may subscribe twice
      listeners.add(own);
      return () => listeners.delete(own);
    },
    close: async () => {
      listeners.clear();
    },
  };
}
