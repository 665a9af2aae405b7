import type { Job } from "../domain/job.ts";
import type { JobQueue } from "../storage/queue.ts";
import type { RunEnd } from "./run-job.ts";
import type { RunControl } from "./running-jobs.ts";

/** Brings jobs that need a worker to this process. Whatever it does, the fence alone decides who may write. */
export interface Dispatcher {
  /** Begins to claim: first the jobs a worker that is gone was running, then those that wait. */
  start(): void;
  /** Something may wait now. */
  wake(): void;
  /** Claims nothing more, stops the runs without a terminal event, and waits for their last writes. */
  drain(signal: AbortSignal): Promise<void>;
}

/** How the jobs of this process's store come to a worker. */
export type HandOut =
  /** This process is the only worker there is. */
  | { readonly kind: "alone" }
  /** It shares them with others by a queue. */
  | { readonly kind: "queue"; readonly queue: JobQueue }
  /** It runs none itself. */
  | { readonly kind: "elsewhere" };

/**
 * Runs a claimed job. `mayCall` is to be asked before each model call; it throws where this process can not be sure any
 * more that the job is its own.
 */
export type Run = (job: Job, control: RunControl, mayCall: () => void) => Promise<RunEnd>;

/** The dispatcher of a process that runs no jobs. */
export const noDispatcher: Dispatcher = {
  start: () => undefined,
  wake: () => undefined,
  drain: async () => undefined,
};
