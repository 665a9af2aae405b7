import type { Profile, SearchConfig, Split } from "../../../src/domain/spec.ts";
import type { Optimise } from "../../../src/engine/ports.ts";
import {
  barrierMakespanMs,
  cpuPerRollout,
  medianRolloutsToReach,
  optimism,
  pairedGain,
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

/** Quality at equal rollouts and rollouts at equal quality, a row a world. */
export async function compareQuality(setup: Setup, worlds: readonly World[]): Promise<Section[]> {
  const quality: Row[] = [];
  const books: Row[] = [];
  for (const world of worlds) {
    const reference = await runSeeds(setup, world, "reference");
    const ours = await runSeeds(setup, world, "default");
    const short = await runSeeds(setup, world, "default", { budget: SHORT_BUDGET });
    const goal = meanOf(reference.map((r) => r.bestScore));
    const gain = pairedGain(ours, reference, "championScore");
    quality.push([
      world.name,
      digits(meanOf(ours.map((r) => r.seedScore)).mean, 3),
      withError(goal),
      withError(meanOf(ours.map((r) => r.championScore))),
      `${signed(gain.mean)} ± ${gain.error.toFixed(3)}`,
      withError(meanOf(ours.map((r) => r.bestScore))),
      withError(meanOf(short.map((r) => r.championScore))),
      withError(meanOf(short.map((r) => r.bestScore))),
      digits(rolloutsToReach(ours, goal.mean, FULL_BUDGET), 0),
      digits(medianRolloutsToReach(ours, reference, FULL_BUDGET), 0),
    ]);
    for (const [name, runs] of [
      ["reference", reference],
      [`default`, ours],
      [`default at ${SHORT_BUDGET}`, short],
    ] as const) {
      const accepted = runs.reduce((sum, r) => sum + r.accepted, 0);
      const worse = runs.reduce((sum, r) => sum + r.regressions, 0);
      books.push([
        world.name,
        name,
        digits(meanOf(runs.map((r) => r.rollouts)).mean, 0),
        String(Math.max(...runs.map((r) => r.overrun))),
        String(runs.filter((r) => r.rollouts !== r.rolloutsReported).length),
        withError(optimism(runs)),
        digits(cpuPerRollout(runs), 3),
        digits(meanOf(runs.map((r) => r.proposals)).mean, 1),
        digits(accepted / runs.length, 1),
        percent(accepted === 0 ? 0 : worse / accepted),
        percent(verdictShare(runs, "improved")),
      ]);
    }
  }
  const scope = `${FULL_BUDGET} rollouts, ${setup.seeds.length} seeds, mean ± standard error`;
  return [
    {
      title: `Quality: ${scope}`,
      head: [
        "world",
        "seed prompt",
        "reference",
        "default",
        "gain",
        "its best candidate",
        `default at ${SHORT_BUDGET}`,
        "its best candidate",
        "rollouts to the reference's score",
        "median by seed",
      ],
      rows: quality,
      notes: [
        "True scores of the prompt that is returned; the default returns the seed prompt where a lift is not shown, and so its best candidate stands beside it.",
        "Rollouts to the reference's score: where the mean curve of the best candidate so far gets there.",
        'Reference: the engine of this service with config.profile "reference" and the defaults of gepa.optimize 0.1.4; a world of several components merges, as its launcher dspy.GEPA does by default.',
      ],
    },
    {
      title: `Books: ${scope}`,
      head: [
        "world",
        "profile",
        "rollouts",
        "over budget, most",
        "runs that miscounted",
        "reported − true lift",
        "CPU ms a rollout",
        "proposals",
        "accepted",
        "of them truly worse",
        "improved",
      ],
      rows: books,
      notes: [
        "Rollouts are counted by the target model itself; the reference's as it is charged, repetitions included. CPU is that of the whole process without the simulators' own.",
      ],
    },
  ];
}

/** Caps on calls in flight: as many as there are proposals, and as many as a round of their minibatches needs. */
const CAPS = [WIDTH, 4 * WIDTH];

/** Makespan in virtual time, a row a world and cap. */
export async function compareWallTime(
  setup: Setup,
  worlds: readonly World[],
  latency: Latency,
): Promise<Section> {
  const rows: Row[] = [];
  for (const world of worlds) {
    const shape = await shapeOf(world, setup.seeds[0] ?? 0);
    const oneByOne = await runSeeds(setup, world, "reference", { latency, concurrency: 1 });
    for (const concurrency of CAPS) {
      const batched = await runSeeds(setup, world, "reference", { latency, concurrency });
      const ours = await runSeeds(setup, world, "default", {
        latency,
        concurrency,
        config: { width: WIDTH },
      });
      const model = { ...shape, minibatch: MINIBATCH, latency, concurrency, width: WIDTH };
      const barrier = batched.map((run) => barrierMakespanMs({ ...model, run }));
      const perThousand = (times: readonly number[], runs: readonly RunRecord[]) =>
        meanOf(times.map((ms, i) => ms / (runs[i]?.rollouts ?? 1))).mean;
      const own = perThousand(
        ours.map((r) => r.makespanMs),
        ours,
      );
      const sequential = perThousand(
        oneByOne.map((r) => r.makespanMs),
        oneByOne,
      );
      rows.push([
        world.name,
        String(concurrency),
        digits(sequential, 1),
        digits(
          perThousand(
            batched.map((r) => r.makespanMs),
            batched,
          ),
          1,
        ),
        digits(perThousand(barrier, batched), 1),
        digits(own, 1),
        `1/${(sequential / own).toFixed(1)}`,
        digits((LATENCY_MS * shape.callsPerRollout) / concurrency, 1),
        String(Math.max(...ours.map((r) => r.mostInFlight))),
        digits(meanOf(ours.map((r) => r.championScore)).mean, 3),
      ]);
    }
  }
  return {
    title: `Wall time, seconds per 1,000 rollouts: budget ${FULL_BUDGET}, ${LATENCY_MS} ms a call (${latency.kind}), width ${WIDTH}`,
    head: [
      "world",
      "cap",
      "reference, a call at a time",
      "reference, batches at the cap",
      `P×N model, k = ${WIDTH}`,
      "default",
      "of a call at a time",
      "floor",
      "most in flight",
      "default's score",
    ],
    rows,
    notes: [
      "Virtual time. Cap: calls in flight at most, the same for everybody. Floor: the rollouts alone at the cap, never idle.",
    ],
  };
}

/** Size of a world's validation split, runs of the final test (the seed's and another's), and calls one rollout takes. */
async function shapeOf(world: World, seed: number) {
  const open = await world.open(seed, instantStage(createVirtualTime()));
  const sizeOf = (split: Split) => open.examples.filter((e) => e.split === split).length;
  return {
    validation: sizeOf("validation"),
    test: 2 * sizeOf("test"),
    callsPerRollout: 1 + open.grader.callsPerGrade,
  };
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
