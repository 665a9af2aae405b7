import type { Profile, SearchConfig } from "../../../src/domain/spec.ts";
import type { Optimise } from "../../../src/engine/ports.ts";
import { type RunPlan, type RunRecord, runOnce } from "./run.ts";
import type { Row } from "./table.ts";
import type { Latency } from "./worlds/simulated.ts";
import type { World } from "./worlds/world.ts";

/** Rollouts both profiles may spend. */
export const FULL_BUDGET = 1_000;

/** Calls in flight at most, and proposals in flight where wall time is measured. */
export const WIDTH = 16;

/** What a benchmark is given. */
export interface Setup {
  readonly optimise: Optimise;
  readonly seeds: readonly number[];
  /** Told after each run. */
  readonly onRun: (run: RunRecord) => void;
}

/** A table to print, and what it says of the figures that have a target. */
export interface Section {
  readonly title: string;
  readonly head: Row;
  readonly rows: Row[];
  readonly notes: string[];
  readonly findings: readonly Finding[];
}

/** One figure that was aimed at. */
export interface Finding {
  readonly figure: string;
  readonly world: string;
  readonly reached: string;
  readonly target: string;
}

/** What a run may spend. */
export interface RunLimits {
  /** Rollouts. */
  readonly budget?: number;
  readonly iterations?: number;
}

interface Options extends RunLimits {
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
      ...(options.iterations === undefined ? {} : { maxIterations: options.iterations }),
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
