import { abortable } from "../../src/base/abort.ts";
import { AppError } from "../../src/base/errors.ts";
import type { JobEvent } from "../../src/domain/event.ts";
import type { Job } from "../../src/domain/job.ts";
import type { UseCases, WatchItem } from "../../src/jobs/use-cases.ts";
import { aJob, anEvent } from "./jobs.ts";

/** Use cases that know no job; `overrides` says what the test is about. */
export function createFakeUseCases(overrides: Partial<UseCases> = {}): UseCases {
  const unknown = async (): Promise<never> => {
    throw new AppError("not_found", "There is no such job.");
  };
  return {
    createJob: async () => ({ job: aJob("j1"), replayed: false }),
    getJob: unknown,
    listJobs: async () => ({ items: [], nextPageToken: "" }),
    watchJob: () => ({ [Symbol.asyncIterator]: () => ({ next: unknown }) }),
    listEvents: unknown,
    listCandidates: unknown,
    getCandidate: unknown,
    listRollouts: unknown,
    getReport: unknown,
    cancelJob: unknown,
    stopJob: unknown,
    pauseJob: unknown,
    resumeJob: unknown,
    forkJob: unknown,
    estimateJob: unknown,
    deleteJob: unknown,
    ...overrides,
  };
}

/** Event `id` of a job. */
export function aStoredEvent(id: number, jobId = "j1"): JobEvent {
  return { ...anEvent(id), id, jobId, ts: 1_700_000_000_123 };
}

/** A job's log that a test writes: what is pushed is seen by every watcher, until `end`. */
export interface FakeLog {
  readonly watchJob: UseCases["watchJob"];
  /** Watchers that have begun and not ended; 0 means that each was freed. */
  readonly watching: () => number;
  /** How many items all watchers together have taken. */
  readonly taken: () => number;
  push(item: WatchItem): void;
  end(): void;
  /** Resolves once `count` watchers are there. */
  untilWatching(count: number): Promise<void>;
}

/** The log of `job`; each watch begins with the job and then gives what was and will be pushed. */
export function createFakeLog(job: Job = aJob("j1")): FakeLog {
  const items: WatchItem[] = [];
  const wakers = new Set<() => void>();
  let ended = false;
  let watching = 0;
  let taken = 0;
  const wake = () => {
    for (const waker of wakers) waker();
    wakers.clear();
  };
  const nextChange = () => new Promise<void>((resolve) => wakers.add(resolve));

  async function* watchJob(_caller: unknown, _jobId: string, after: number, signal: AbortSignal) {
    watching++;
    wake();
    try {
      yield { kind: "job" as const, job };
      for (let i = after; ; ) {
        const item = items[i];
        if (item !== undefined) {
          i++;
          taken++;
          yield item;
        } else if (ended) return;
        else await abortable(nextChange(), signal);
      }
    } finally {
      watching--;
      wake();
    }
  }
  return {
    watchJob,
    watching: () => watching,
    taken: () => taken,
    push(item) {
      items.push(item);
      wake();
    },
    end() {
      ended = true;
      wake();
    },
    async untilWatching(count) {
      while (watching !== count) await nextChange();
    },
  };
}
