import type { Clock } from "../base/clock.ts";
import type { Standing } from "../storage/store.ts";

/** What this process holds, and how long it can be sure of it. Times are of the clock that never jumps. */
export interface Leases {
  readonly size: number;
  readonly jobIds: readonly string[];
  /** Notes a job as held under a fence; it was given to us no earlier than at `since`. */
  hold(jobId: string, fence: number, since: number): void;
  drop(jobId: string, fence: number): void;
  /** At `since` the queue was asked which of them are ours, and said: these. Gives the others, if held since before. */
  confirm(ours: ReadonlySet<string>, since: number): readonly string[];
  /** Whether nobody else can have been given the job yet. */
  isSure(jobId: string): boolean;
  /** Whether the store says that the job is another's, or over. */
  isLost(standing: Standing): boolean;
}

interface Lease {
  readonly fence: number;
  sureUntil: number;
}

/** Leases that last `lengthMs` from their last confirmation. */
export function createLeases(clock: Clock, lengthMs: number): Leases {
  const leases = new Map<string, Lease>(); // bounded by the jobs that run at once
  return {
    get size() {
      return leases.size;
    },
    get jobIds() {
      return [...leases.keys()];
    },
    hold: (jobId, fence, since) => void leases.set(jobId, { fence, sureUntil: since + lengthMs }),
    drop(jobId, fence) {
      if (leases.get(jobId)?.fence === fence) leases.delete(jobId);
    },
    confirm(ours, since) {
      const lost: string[] = [];
      for (const [jobId, lease] of leases) {
        if (ours.has(jobId)) lease.sureUntil = Math.max(lease.sureUntil, since + lengthMs);
        else if (lease.sureUntil < since + lengthMs) lost.push(jobId);
      }
      return lost;
    },
    isSure: (jobId) => clock.monotonic() < (leases.get(jobId)?.sureUntil ?? Number.NEGATIVE_INFINITY),
    isLost({ id, status, fence }) {
      const lease = leases.get(id);
      return lease !== undefined && (status !== "running" || fence !== lease.fence);
    },
  };
}
