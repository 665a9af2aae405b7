import type { Clock } from "../base/clock.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Job, JobProgress } from "../domain/job.ts";
import type { RunWrite, Store } from "../storage/store.ts";

/** What a run gives to be recorded; the time and the row's figures are added here. */
export type Recording = Omit<RunWrite, "nowMs" | "engineOrdinal" | "progress"> & {
  /** Absent where no engine event is in it. */
  readonly engineOrdinal?: number;
};

/** The one way a run writes to its job. Rejects with `FencedError` once the job is somebody else's. */
export interface RunRecorder {
  record(recording: Recording): Promise<void>;
  /** From here on every write brings the row up to date with what `row` says. */
  showProgress(row: () => JobProgress): void;
}

/** A recorder for a claimed job. */
export function createRunRecorder(
  deps: { readonly store: Pick<Store, "append">; readonly clock: Clock; readonly metrics: Metrics },
  job: Job,
): RunRecorder {
  let ordinal = job.engineOrdinal;
  let progress: (() => JobProgress) | undefined;
  return {
    async record({ engineOrdinal = ordinal, ...recording }) {
      ordinal = engineOrdinal;
      await deps.store.append(job.id, job.fence, {
        nowMs: deps.clock.now(),
        engineOrdinal,
        ...(progress === undefined ? {} : { progress: progress() }),
        ...recording,
      });
      for (const { type } of recording.events) deps.metrics.count("events_appended_total", { type });
    },
    showProgress(row) {
      progress = row;
    },
  };
}
