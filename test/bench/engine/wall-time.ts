import type { Split } from "../../../src/domain/spec.ts";
import { barrierMakespanMs } from "./figures.ts";
import type { RunRecord } from "./run.ts";
import { type Finding, FULL_BUDGET, runSeeds, type Section, type Setup, WIDTH } from "./setup.ts";
import { meanOf } from "./statistics.ts";
import { digits, type Row } from "./table.ts";
import { createVirtualTime } from "./virtual-time.ts";
import { instantStage, type Latency } from "./worlds/simulated.ts";
import type { World } from "./worlds/world.ts";

/** Mean latency of every simulated model. */
export const LATENCY_MS = 50;

/** Gepa's minibatch. */
const MINIBATCH = 3;

/** Caps on calls in flight: as many as there are proposals, and as many as a round of their minibatches needs. */
const CAPS = [WIDTH, 4 * WIDTH];

/** Makespan in virtual time, a row a world and cap. */
export async function compareWallTime(
  setup: Setup,
  worlds: readonly World[],
  latency: Latency,
): Promise<Section> {
  const rows: Row[] = [];
  const findings: Finding[] = [];
  for (const world of worlds) {
    const shape = await shapeOf(world, setup.seeds[0] ?? 0);
    const oneByOne = await runSeeds(setup, world, "reference", { latency, concurrency: 1 });
    for (const concurrency of CAPS) {
      const batched = await runSeeds(setup, world, "reference", { latency, concurrency });
      const ours = await runSeeds(setup, world, "default", {
        latency,
        concurrency,
        config: { width: WIDTH, maxGrades: 1 },
      });
      const regraded = await runSeeds(setup, world, "default", {
        latency,
        concurrency,
        config: { width: WIDTH },
      });
      const rounds = { ...shape, minibatch: MINIBATCH, latency, concurrency, width: WIDTH };
      const barrier = batched.map((run) => barrierMakespanMs({ ...rounds, run }));
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
      const model = perThousand(barrier, batched);
      const under = `${latency.kind} calls, ${concurrency} at once`;
      findings.push(
        {
          figure: `wall time over one call at a time (${under})`,
          world: world.name,
          reached: `1/${(sequential / own).toFixed(1)}`,
          target: "≤ 1/5",
        },
        {
          figure: `seconds per 1,000 rollouts (${under})`,
          world: world.name,
          reached: digits(own, 2),
          target: `< ${digits(model, 2)}, the P×N model`,
        },
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
        digits(model, 1),
        digits(own, 1),
        `1/${(sequential / own).toFixed(1)}`,
        digits((LATENCY_MS * shape.callsPerRollout) / concurrency, 1),
        digits(
          perThousand(
            regraded.map((r) => r.makespanMs),
            regraded,
          ),
          1,
        ),
        String(Math.max(...[...ours, ...regraded].map((r) => r.mostInFlight))),
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
      "graded as often as needed",
      "most in flight",
      "default's score",
    ],
    rows,
    findings,
    notes: [
      "Virtual time. Cap: calls in flight at most, the same for everybody. Floor: the rollouts alone at the cap, never idle.",
      "All with one grade an output, so that all make the same calls; the default grades a noisy judge's outputs several times, which takes the time that stands in a column of its own.",
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
