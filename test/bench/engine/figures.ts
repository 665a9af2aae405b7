import type { Verdict } from "../../../src/domain/report.ts";
import type { RunRecord } from "./run.ts";
import { type Mean, meanOf, median } from "./statistics.ts";

/** True score of the best known candidate after so many rollouts; the seed's before anything is known. */
export function scoreAfter(run: RunRecord, rollouts: number): number {
  return run.standings.findLast((s) => s.rollouts <= rollouts)?.trueScore ?? run.seedScore;
}

/** Steps at which curves are read. */
const CURVE_STEP = 10;

/** Rollouts after which the mean curve of `runs` reaches `score`; Infinity if it never does within `limit`. */
export function rolloutsToReach(runs: readonly RunRecord[], score: number, limit: number): number {
  for (let r = CURVE_STEP; r <= limit; r += CURVE_STEP) {
    if (meanOf(runs.map((run) => scoreAfter(run, r))).mean >= score) return r;
  }
  return Number.POSITIVE_INFINITY;
}

/** The same run by run, paired by seed, as a median. */
export function medianRolloutsToReach(
  runs: readonly RunRecord[],
  rivals: readonly RunRecord[],
  limit: number,
): number {
  return median(
    runs.map((run) => {
      const goal = rivals.find((r) => r.seed === run.seed)?.championScore ?? Number.POSITIVE_INFINITY;
      const first = run.standings.find((s) => s.rollouts <= limit && s.trueScore >= goal - 1e-9);
      return run.seedScore >= goal ? 0 : (first?.rollouts ?? Number.POSITIVE_INFINITY);
    }),
  );
}

/** Differences in the returned champion's true score, paired by seed. */
export function championGain(runs: readonly RunRecord[], rivals: readonly RunRecord[]): Mean {
  return meanOf(
    runs.flatMap((run) => {
      const rival = rivals.find((r) => r.seed === run.seed);
      return rival === undefined ? [] : [run.championScore - rival.championScore];
    }),
  );
}

/** What the report said the lift is, minus what it truly is; runs that report none are left out. */
export function optimism(runs: readonly RunRecord[]): Mean {
  return meanOf(
    runs.flatMap((r) =>
      r.reportedLift === undefined ? [] : [r.reportedLift - (r.championScore - r.seedScore)],
    ),
  );
}

/** Share of runs with a verdict. */
export function verdictShare(runs: readonly RunRecord[], verdict: Verdict): number {
  return runs.filter((r) => r.verdict === verdict).length / runs.length;
}

/** Milliseconds of CPU a rollout takes, the simulators' own left out. */
export function cpuPerRollout(runs: readonly RunRecord[]): number {
  const cpu = runs.reduce((sum, r) => sum + r.cpuMs - r.simulatorMs, 0);
  return cpu / runs.reduce((sum, r) => sum + r.rollouts, 0);
}

/** What the barrier model needs to know of a sequential run. */
export interface BarrierModel {
  readonly run: RunRecord;
  readonly minibatch: number;
  readonly validation: number;
  readonly latencyMs: number;
  /** Calls in flight at once. */
  readonly concurrency: number;
  /** Proposals of one round. */
  readonly width: number;
}

/**
 * Makespan of gepa's P×N rounds by the model of its authors: a round proposes `width` children in step, then validates
 * those accepted, and nobody starts before everybody is done. T(k) = n/k · (L_step + q_k · L_val) with
 * q_k = 1 - (1 - a)^k; here every phase takes as many waves of calls as fit in flight at once, as they do for us too.
 */
export function barrierMakespanMs({
  run,
  minibatch,
  validation,
  latencyMs,
  concurrency,
  width,
}: BarrierModel) {
  const phase = (calls: number) => Math.ceil(calls / concurrency) * latencyMs;
  const accepted = run.proposals === 0 ? 0 : run.accepted / run.proposals;
  const any = 1 - (1 - accepted) ** width;
  const children = any === 0 ? 0 : (accepted * width) / any;
  const round = 2 * phase(width * minibatch) + phase(width) + any * phase(children * validation);
  return phase(validation) + (run.proposals / width) * round;
}
