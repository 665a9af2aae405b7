import type { Profile, SearchConfig } from "../../../src/domain/spec.ts";
import type { Optimise } from "../../../src/engine/ports.ts";
import {
  barrierMakespanMs,
  championGain,
  cpuPerRollout,
  medianRolloutsToReach,
  optimism,
  rolloutsToReach,
  verdictShare,
} from "./figures.ts";
import { type RunPlan, type RunRecord, runOnce } from "./run.ts";
import { meanOf, median } from "./statistics.ts";
import { digits, percent, type Row, signed, withError } from "./table.ts";
import { pureNoise } from "./worlds/pure-noise.ts";
import { solvable } from "./worlds/solvable.ts";
import { trueLift } from "./worlds/true-lift.ts";
import { instantStage, type Latency } from "./worlds/simulated.ts";
import { createVirtualTime } from "./virtual-time.ts";
import type { World } from "./worlds/world.ts";

/** Rollouts both profiles may spend, and those with which the default is to reach what the reference reaches. */
export const FULL_BUDGET = 1_000;
export const SHORT_BUDGET = 400;

/** Latency of every simulated model, and width of the pipeline, where wall time is measured. */
export const LATENCY_MS = 50;
export const WIDTH = 16;

/** Gepa's minibatch. */
const MINIBATCH = 3;

/** What a benchmark is given. */
export interface Setup {
  readonly optimise: Optimise;
  readonly seeds: readonly number[];
  /** Told after each run. */
  readonly onRun: (run: RunRecord) => void;
}

/** Figures that a target is set for, and the rows to print. */
export interface Section {
  readonly title: string;
  readonly head: Row;
  readonly rows: Row[];
  readonly notes: string[];
}

interface Options {
  readonly budget?: number;
  readonly latency?: Latency;
  readonly concurrency?: number;
  readonly config?: Partial<SearchConfig>;
}

/** One run a seed. */
export async function runSeeds(setup: Setup, world: World, profile: Profile, options: Options = {}) {
  const runs: RunRecord[] = [];
  for (const seed of setup.seeds) {
    const plan: RunPlan = {
      world,
      seed,
      profile,
      maxMetricCalls: options.budget ?? FULL_BUDGET,
      latency: options.latency ?? { kind: "none" },
      concurrency: options.concurrency ?? WIDTH,
      config: options.config ?? {},
    };
    const run = await runOnce(setup.optimise, plan);
    setup.onRun(run);
    runs.push(run);
  }
  return runs;
}

/** Quality at equal rollouts, rollouts at equal quality, honesty, overrun and CPU, a row a world. */
export async function compareQuality(setup: Setup, worlds: readonly World[]): Promise<Section> {
  const rows: Row[] = [];
  for (const world of worlds) {
    const reference = await runSeeds(setup, world, "reference");
    const ours = await runSeeds(setup, world, "default");
    const short = await runSeeds(setup, world, "default", { budget: SHORT_BUDGET });
    const goal = meanOf(reference.map((r) => r.championScore));
    const gain = championGain(ours, reference);
    rows.push([
      world.name,
      digits(meanOf(ours.map((r) => r.seedScore)).mean, 3),
      withError(goal),
      withError(meanOf(ours.map((r) => r.championScore))),
      `${signed(gain.mean)} ± ${gain.error.toFixed(3)}`,
      withError(meanOf(short.map((r) => r.championScore))),
      digits(rolloutsToReach(ours, goal.mean, FULL_BUDGET), 0),
      digits(medianRolloutsToReach(ours, reference, FULL_BUDGET), 0),
      withError(optimism(reference)),
      withError(optimism(ours)),
      String(Math.max(...reference.map((r) => r.overrun))),
      String(Math.max(...[...ours, ...short].map((r) => r.overrun))),
      digits(cpuPerRollout(reference), 3),
      digits(cpuPerRollout(ours), 3),
    ]);
  }
  return {
    title: `Quality: ${FULL_BUDGET} rollouts, ${setup.seeds.length} seeds, mean ± standard error`,
    head: [
      "world",
      "seed prompt",
      "reference",
      "default",
      "gain",
      `default at ${SHORT_BUDGET}`,
      "rollouts to reference's score",
      "median by seed",
      "reported − true, reference",
      "reported − true, default",
      "overrun, reference",
      "overrun, default",
      "CPU ms/rollout, reference",
      "CPU ms/rollout, default",
    ],
    rows,
    notes: [
      "Scores are true scores of the champion that is returned. Rollouts are counted by the target model itself.",
      "CPU is that of the whole process without the simulators' own.",
    ],
  };
}

/** Makespan in virtual time, a row a world. */
export async function compareWallTime(
  setup: Setup,
  worlds: readonly World[],
  latency: Latency,
): Promise<Section> {
  const rows: Row[] = [];
  for (const world of worlds) {
    const oneByOne = await runSeeds(setup, world, "reference", { latency, concurrency: 1 });
    const batched = await runSeeds(setup, world, "reference", { latency, concurrency: WIDTH });
    const ours = await runSeeds(setup, world, "default", { latency, config: { width: WIDTH } });
    const validation = await validationSize(world, setup.seeds[0] ?? 0);
    const barrier = batched.map((run) =>
      barrierMakespanMs({
        run,
        minibatch: MINIBATCH,
        validation,
        latencyMs: LATENCY_MS,
        concurrency: WIDTH,
        width: WIDTH,
      }),
    );
    const seconds = (values: readonly number[]) => meanOf(values).mean / 1_000;
    const own = seconds(ours.map((r) => r.makespanMs));
    const sequential = seconds(oneByOne.map((r) => r.makespanMs));
    rows.push([
      world.name,
      digits(sequential, 1),
      digits(seconds(batched.map((r) => r.makespanMs)), 1),
      digits(seconds(barrier), 1),
      digits(own, 1),
      `1/${(sequential / own).toFixed(1)}`,
      String(Math.max(...ours.map((r) => r.mostInFlight))),
      digits(meanOf(ours.map((r) => r.championScore)).mean, 3),
      digits(meanOf(ours.map((r) => r.rollouts)).mean, 0),
      digits(meanOf(batched.map((r) => r.rollouts)).mean, 0),
    ]);
  }
  return {
    title: `Wall time in seconds: ${FULL_BUDGET} rollouts, ${LATENCY_MS} ms a call (${latency.kind}), width ${WIDTH}`,
    head: [
      "world",
      "reference, a call at a time",
      `reference, ${WIDTH} in flight`,
      `P×N model, k = ${WIDTH}`,
      `default, ${WIDTH} in flight`,
      "ratio to a call at a time",
      "most in flight",
      "default's score",
      "default's rollouts",
      "reference's rollouts",
    ],
    rows,
    notes: [
      `Virtual time; never more than ${WIDTH} calls in flight. The P×N model is that of gepa's authors, with as many waves a phase as the same cap needs.`,
    ],
  };
}

async function validationSize(world: World, seed: number): Promise<number> {
  const open = await world.open(seed, instantStage(createVirtualTime()));
  return open.examples.filter((e) => e.split === "validation").length;
}

/** What the report says where nothing is better, and where one prompt truly is. */
export async function compareHonesty(setup: Setup): Promise<Section> {
  const rows: Row[] = [];
  for (const world of [pureNoise, trueLift]) {
    const runs = await runSeeds(setup, world, "default");
    const trueLifts = runs.map((r) => r.bestScore - r.seedScore);
    rows.push([
      world.name,
      String(runs.length),
      percent(verdictShare(runs, "not_shown")),
      percent(verdictShare(runs, "improved")),
      percent(verdictShare(runs, "worse")),
      withError(meanOf(runs.flatMap((r) => r.reportedLift ?? []))),
      withError(optimism(runs)),
      digits(meanOf(trueLifts).mean, 3),
      digits(meanOf(runs.map((r) => r.rollouts)).mean, 0),
    ]);
  }
  return {
    title: `Honesty of the report: default, ${FULL_BUDGET} rollouts`,
    head: [
      "world",
      "seeds",
      "not_shown",
      "improved",
      "worse",
      "reported lift",
      "reported − true",
      "true lift of the best candidate",
      "rollouts",
    ],
    rows,
    notes: [],
  };
}

/** Whether the search stops when there is nothing left to gain. */
export async function compareStopping(setup: Setup): Promise<Section> {
  const rows: Row[] = [];
  for (const width of [1, WIDTH]) {
    const runs = await runSeeds(setup, solvable, "default", { config: { width } });
    const solved = runs.filter((r) => r.solvedAt !== undefined);
    const late = solved.map((r) => r.lastIteration - (r.solvedAt ?? 0));
    rows.push([
      String(width),
      String(runs.length),
      String(solved.length),
      String(runs.filter((r) => r.stopReason === "solved").length),
      digits(median(solved.map((r) => r.solvedAt ?? 0)), 0),
      late.length === 0 ? "–" : String(Math.max(...late)),
      digits(meanOf(runs.map((r) => r.rollouts)).mean, 0),
      digits(meanOf(runs.map((r) => r.championScore)).mean, 3),
    ]);
  }
  return {
    title: "Stopping: the solvable world, default",
    head: [
      "width",
      "seeds",
      "solved",
      'stopped as "solved"',
      "solved at iteration (median)",
      "iterations after it, most",
      "rollouts",
      "champion's true score",
    ],
    rows,
    notes: [],
  };
}

/** The real world: accuracy on the untouched test split. */
export async function compareReal(setup: Setup, world: World, budget: number): Promise<Section> {
  const rows: Row[] = [];
  for (const profile of ["reference", "default"] as const) {
    const runs = await runSeeds(setup, world, profile, { budget });
    for (const run of runs) {
      rows.push([
        profile,
        String(run.seed),
        digits(run.seedScore, 3),
        digits(run.championScore, 3),
        signed(run.championScore - run.seedScore),
        run.reportedLift === undefined ? "–" : signed(run.reportedLift),
        run.interval === undefined ? "–" : `${signed(run.interval.low)} … ${signed(run.interval.high)}`,
        run.verdict,
        String(run.rollouts),
        run.stopReason,
      ]);
    }
  }
  return {
    title: `Real world: ${world.name}, ${budget} rollouts`,
    head: [
      "profile",
      "seed",
      "label names",
      "champion",
      "lift",
      "reported lift",
      "interval",
      "verdict",
      "rollouts",
      "stop reason",
    ],
    rows,
    notes: [world.description],
  };
}
