/**
 * Hands jobs to the workers of many nodes over one database. It decides who runs a job next and notices workers that
 * are gone; it protects nothing. That is the store's fence's alone: two workers that both believe to have a job do no
 * harm, and a job the queue has forgotten is put back by {@link JobQueue.refill}.
 *
 * A job that becomes `pending` is put on the queue by the store, in the transaction that makes it so.
 */
export interface JobQueue {
  /**
   * Begins to take jobs, at most `atOnce` at a time. `handle` resolves when the job needs no worker any more; where it
   * rejects, the job is handed out again at once, here or elsewhere. Its signal aborts when the queue has given the
   * job to somebody else.
   */
  take(atOnce: number, handle: (jobId: string, signal: AbortSignal) => Promise<void>): Promise<void>;
  /**
   * Tells the queue that the jobs being handled here are alive, and gives those of them that are still ours: nobody
   * else is given one of these before {@link LEASE_MS} from the call. Rejects with the store's errors.
   */
  beat(): Promise<ReadonlySet<string>>;
  /** Puts every pending or running job that the queue does not know back on it; gives how many. */
  refill(): Promise<number>;
  /** Takes nothing more, waits for the handlers, and lets go of the database. May be called again. */
  stop(): Promise<void>;
}

/** A job whose worker has not beaten for so long is handed to another one. The shortest that pg-boss knows. */
export const LEASE_MS = 10_000;
