import type { Verdict } from "../../../src/domain/report.ts";
import type { RunRecord } from "./run.ts";
import { delayOf, type Latency } from "./worlds/simulated.ts";
import { type Mean, meanOf, median } from "./statistics.ts";

/** True score of the best known candidate after so many rollouts; the seed's before anything is known. */
export function scoreAfter(run: RunRecord, rollouts: number): number {
  return run.standings.findLast((s) => s.rollouts <= rollouts)?.trueScore ?? run.seedScore;
}

/** The same after so many model calls, which a run is taken to make evenly. */
export function scoreAfterCalls(run: RunRecord, modelCalls: number): number {
  return scoreAfter(run, (modelCalls * run.rollouts) / run.modelCalls);
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
      const goal = rivals.find((r) => r.seed === run.seed)?.bestScore ?? Number.POSITIVE_INFINITY;
      const first = run.standings.find((s) => s.rollouts <= limit && s.trueScore >= goal - 1e-9);
      return run.seedScore >= goal ? 0 : (first?.rollouts ?? Number.POSITIVE_INFINITY);
    }),
  );
}

/** Differences in a score, paired by seed. */
export function pairedGain(
  runs: readonly RunRecord[],
  rivals: readonly RunRecord[],
  figure: "championScore" | "bestScore" | "reflections",
): Mean {
  return meanOf(
    runs.flatMap((run) => {
      const rival = rivals.find((r) => r.seed === run.seed);
      return rival === undefined ? [] : [run[figure] - rival[figure]];
    }),
  );
}

/**
 * What the report said the lift is, minus what it truly is, of the candidate the report is about: the best one, which
 * is the champion unless the verdict gave the seed back. Runs that report no lift are left out.
 */
export function optimism(runs: readonly RunRecord[]): Mean {
  return meanOf(
    runs.flatMap((r) => (r.reportedLift === undefined ? [] : [r.reportedLift - (r.bestScore - r.seedScore)])),
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

/** What the barrier model needs to know. */
export interface BarrierModel {
  /** A run of the sequential loop: how many proposals it made, and how many it validated. */
  readonly run: Pick<RunRecord, "seed" | "proposals" | "accepted">;
  readonly minibatch: number;
  readonly validation: number;
  /** Runs of the final test: every run here ends with one, so a round-based one does too. */
  readonly test: number;
  readonly latency: Latency;
  /** A judge is one more call, after the target's. */
  readonly callsPerRollout: number;
  /** Calls in flight at once. */
  readonly concurrency: number;
  /** Proposals of one round. */
  readonly width: number;
}

/**
 * Makespan of gepa's P×N rounds, by the model of its authors: in each round `width` proposals run their parents, then
 * reflect, then run the children, then all that are accepted are validated, and no phase starts before the last call
 * of the phase before it is answered: T(k) = n/k · (L_step + q_k · L_val). Their L is a constant; here each phase is
 * played with as many calls as it has, the latencies of the world and the same cap on calls in flight as we have.
 */
export function barrierMakespanMs(model: BarrierModel): number {
  const { run, minibatch, validation, test, latency, callsPerRollout, concurrency, width } = model;
  let calls = 0;
  const phase = (count: number, callsEach: number) => {
    if (count === 0) return 0;
    const slots = new Array<number>(Math.min(concurrency, count)).fill(0);
    for (let i = 0; i < count; i++) {
      const free = slots.indexOf(Math.min(...slots));
      for (let c = 0; c < callsEach; c++)
        slots[free] = (slots[free] ?? 0) + delayOf(latency, ["barrier", run.seed, calls++]);
    }
    return Math.max(...slots);
  };
  let total = phase(validation, callsPerRollout);
  let validated = 0;
  for (let made = 0; made < run.proposals; made += width) {
    const proposals = Math.min(width, run.proposals - made);
    const due = Math.round((run.accepted * (made + proposals)) / run.proposals) - validated;
    validated += due;
    total += phase(proposals * minibatch, callsPerRollout);
    total += phase(proposals, 1);
    total += phase(proposals * minibatch, callsPerRollout);
    total += phase(due * validation, callsPerRollout);
  }
  return total + phase(test, callsPerRollout);
}

/** Limits on length are looked at up to so many times the seed's. */
const LONGEST = 4;

/**
 * The true score of the best prompt of the front that is no longer than a limit, on average over all limits from nothing
 * to {@link LONGEST} times the seed's length: the area below the front (its hypervolume). No prompt fits: 0.
 */
export function areaBelowFront({ front, seedTokens }: Pick<RunRecord, "front" | "seedTokens">): number {
  const longest = LONGEST * seedTokens;
  let area = 0;
  let best = 0;
  for (const { trueScore, tokens } of front.toSorted((a, b) => a.tokens - b.tokens)) {
    if (tokens >= longest || trueScore <= best) continue;
    area += ((trueScore - best) * (longest - tokens)) / longest;
    best = trueScore;
  }
  return area;
}
