import type { Logger } from "../base/log.ts";

/** Called with a job and the id of its last event. Only a hint: the truth is in the store. */
export type NewsListener = (jobId: string, lastEventId: number) => void;

/** News of one kind about jobs. */
export interface Topic {
  /** To be called after the commit. */
  publish(jobId: string, lastEventId: number): void;
  /** Gives the function that ends the subscription. */
  subscribe(fn: NewsListener): () => void;
}

/** Tells listeners, in every process that shares the store, what became of jobs. */
export interface FanOut {
  /** A job has new events. */
  readonly appended: Topic;
  /** A job was changed from outside its run: cancelled, or asked to stop or to pause. */
  readonly changed: Topic;
  close(): Promise<void>;
}

/** A topic within this process: one call a job and turn of the event loop, with the highest id. */
export interface LocalTopic extends Topic {
  /** Forgets every listener. */
  close(): void;
}

/** An empty topic. */
export function createLocalTopic(log: Logger): LocalTopic {
  const listeners = new Set<NewsListener>();
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
          log.error("news_listener_failed", { job_id: jobId }, error); // a watcher never harms a job
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
      const own: NewsListener = (jobId, lastEventId) => fn(jobId, lastEventId); // fn may subscribe twice
      listeners.add(own);
      return () => listeners.delete(own);
    },
    close: () => listeners.clear(),
  };
}

/** A fan-out within this process. */
export function createLocalFanOut(log: Logger): FanOut {
  const appended = createLocalTopic(log);
  const changed = createLocalTopic(log);
  return {
    appended,
    changed,
    close: async () => {
      appended.close();
      changed.close();
    },
  };
}
