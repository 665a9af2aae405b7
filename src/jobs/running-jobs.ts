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

/** The runs of this process: what lets a cancel reach the model calls in flight. */
export interface RunningJobs {
  readonly size: number;
  has(jobId: string): boolean;
  /** Enters a run and gives the signal it must obey. Bounded by the dispatcher, which enters what it runs. */
  enter(jobId: string): AbortSignal;
  leave(jobId: string): void;
  /** Aborts the run of a job; does nothing where it does not run here. */
  stop(jobId: string, reason: RunStopped): void;
  stopAll(reason: RunStopped): void;
}

/** An empty register. */
export function createRunningJobs(): RunningJobs {
  const runs = new Map<string, AbortController>();
  return {
    get size() {
      return runs.size;
    },
    has: (jobId) => runs.has(jobId),
    enter(jobId) {
      const controller = new AbortController();
      runs.set(jobId, controller);
      return controller.signal;
    },
    leave: (jobId) => void runs.delete(jobId),
    stop: (jobId, reason) => runs.get(jobId)?.abort(reason),
    stopAll(reason) {
      for (const controller of runs.values()) controller.abort(reason);
    },
  };
}
