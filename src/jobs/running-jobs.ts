const WHY = {
  cancelled: "the job was cancelled",
  draining: "the process is shutting down",
  lease_lost: "the job may be another worker's by now",
} as const;

/** Why a run was stopped from outside. It ends without a terminal event of its own. */
export class RunStopped extends Error {
  override readonly name = "RunStopped";
  readonly why: keyof typeof WHY;

  constructor(why: keyof typeof WHY) {
    super(WHY[why]);
    this.why = why;
  }
}

/** What a run must obey. */
export interface RunControl {
  /** Aborts when the run must stop: from then on it decides nothing and sends nothing. */
  readonly signal: AbortSignal;
  /**
   * Aborts when its calls in flight must stop, too. They outlive a lost lease, for they are being paid for: until they
   * end the run can still be told to drop them.
   */
  readonly callsSignal: AbortSignal;
}

/** The runs of this process: what lets a cancel reach the model calls in flight. */
export interface RunningJobs {
  readonly size: number;
  has(jobId: string): boolean;
  /** Enters a run and gives what it must obey. Bounded by the dispatcher, which enters what it runs. */
  enter(jobId: string): RunControl;
  leave(jobId: string): void;
  /** Stops the run of a job, and its calls but where only the lease was lost; does nothing where it does not run here. */
  stop(jobId: string, reason: RunStopped): void;
  stopAll(reason: RunStopped): void;
}

/** An empty register. */
export function createRunningJobs(): RunningJobs {
  const runs = new Map<string, Entry>();
  return {
    get size() {
      return runs.size;
    },
    has: (jobId) => runs.has(jobId),
    enter(jobId) {
      const entry = { run: new AbortController(), calls: new AbortController() };
      runs.set(jobId, entry);
      return { signal: entry.run.signal, callsSignal: entry.calls.signal };
    },
    leave: (jobId) => void runs.delete(jobId),
    stop(jobId, reason) {
      const entry = runs.get(jobId);
      if (entry) end(entry, reason);
    },
    stopAll(reason) {
      for (const entry of runs.values()) end(entry, reason);
    },
  };
}

interface Entry {
  readonly run: AbortController;
  readonly calls: AbortController;
}

function end({ run, calls }: Entry, reason: RunStopped): void {
  run.abort(reason);
  if (reason.why !== "lease_lost") calls.abort(reason);
}
