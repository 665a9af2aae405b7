import type { Clock } from "../base/clock.ts";
import type { JobProgress, JobRequest, OutsideInput, ToldInput } from "../domain/job.ts";

const MS_PER_S = 1000;

/** Running time of a job and what it is told because of it. */
export interface RunTime {
  /** Running time so far, over all runs. */
  elapsedMs(): number;
  /** Share used of the wall time, in [0, 1]; 0 where it has no limit. */
  share(): number;
  /**
   * Seconds elapsed; and left until a limit is reached: at the present pace where `fraction`, the share used of the
   * tightest other limit, is above 0, and by the clock where the wall time has a limit. None without `fraction`.
   */
  timing(fraction?: number): { readonly elapsedS: number; readonly etaS?: number };
  /** Whether the wall time of the job is used up: nothing may be sent to a model any more. */
  isOver(): boolean;
  /**
   * What the engine is told before a commit, `requested` being what the caller wants now. It is remembered, and every
   * write of the run carries it: events that follow from it are never durable without it, so a resumed run is told the
   * same again.
   */
  outside(commit: number, requested: JobRequest | undefined): OutsideInput;
  told(): ToldInput | undefined;
}

/** Time of one run that goes on from `start`. The deadline counts running time by the clock that never jumps. */
export function createRunTime(clock: Clock, start: JobProgress, maxWallTimeS: number | undefined): RunTime {
  const began = clock.monotonic();
  const before = start.elapsedMs ?? 0;
  const deadlineMs = maxWallTimeS === undefined ? Number.POSITIVE_INFINITY : maxWallTimeS * MS_PER_S;
  let told = start.told;
  const elapsedMs = () => before + clock.monotonic() - began;
  const isOver = () => elapsedMs() >= deadlineMs;
  return {
    elapsedMs,
    isOver,
    share: () => Math.min(1, elapsedMs() / deadlineMs),
    timing(fraction) {
      const elapsed = elapsedMs();
      const elapsedS = seconds(elapsed);
      if (fraction === undefined) return { elapsedS };
      const atThisPace = fraction > 0 ? (elapsed * (1 - fraction)) / fraction : Number.POSITIVE_INFINITY;
      const left = Math.min(atThisPace, Math.max(0, deadlineMs - elapsed));
      return Number.isFinite(left) ? { elapsedS, etaS: seconds(left) } : { elapsedS };
    },
    outside(commit, requested) {
      if (told !== undefined && commit < told.commit) return "go";
      if (told !== undefined && isBinding(told, commit)) return told.input;
      told = { commit, input: isOver() ? "wall_time" : (requested ?? "go") };
      return told.input;
    },
    told: () => told,
  };
}

/** Whether the last input decides this commit too: it is the same one, or the job was told to come to an end. */
function isBinding(told: ToldInput, commit: number): boolean {
  if (told.input === "pause") return false; // the pause is over: that is why the job runs again
  return told.commit === commit || told.input !== "go";
}

function seconds(ms: number): number {
  return Math.round(ms) / MS_PER_S;
}
