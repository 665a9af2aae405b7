import { AppError } from "../../src/base/errors.ts";
import type { JobQueue } from "../../src/storage/queue.ts";

/** A queue whose every step the test takes itself. */
export interface FakeQueue {
  readonly queue: JobQueue;
  /** Jobs the worker takes at once; 0 before it began to. */
  readonly places: number;
  /** Hands a job to the worker; settles as its handler does. */
  give(jobId: string): Promise<void>;
  /** Gives a job to somebody else without the worker hearing of it before its next sign of life. */
  giveAway(jobId: string): void;
  /** Gives a job to somebody else and tells its handler. */
  withdraw(jobId: string): void;
  /** While true no sign of life arrives. */
  unreachable: boolean;
  beats: number;
  refills: number;
  stopped: boolean;
}

/** A queue that holds nothing of its own. */
export function createFakeQueue(): FakeQueue {
  const held = new Map<string, AbortController>();
  const handlers = new Set<Promise<void>>();
  let handle: ((jobId: string, signal: AbortSignal) => Promise<void>) | undefined;
  const fake: FakeQueue & { places: number } = {
    places: 0,
    unreachable: false,
    beats: 0,
    refills: 0,
    stopped: false,
    give(jobId) {
      if (handle === undefined) throw new Error("nobody takes jobs");
      const controller = new AbortController();
      held.set(jobId, controller);
      const handler = handle(jobId, controller.signal).finally(() => {
        if (held.get(jobId) === controller) held.delete(jobId);
        handlers.delete(handler);
      });
      handlers.add(handler);
      handler.catch(() => undefined);
      return handler;
    },
    giveAway: (jobId) => void held.delete(jobId),
    withdraw: (jobId) => held.get(jobId)?.abort(new Error("given to somebody else")),
    queue: {
      async take(atOnce, fn) {
        fake.places = atOnce;
        handle = fn;
      },
      async beat() {
        if (fake.unreachable) throw new AppError("storage_unavailable", "the database can not be reached");
        fake.beats++;
        return new Set(held.keys());
      },
      async refill() {
        fake.refills++;
        return 0;
      },
      async stop() {
        fake.stopped = true;
        await Promise.allSettled(handlers);
      },
    },
  };
  return fake;
}
