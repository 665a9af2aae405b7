import { optimiseWith } from "../../../src/engine/optimise.ts";
import type { Optimise } from "../../../src/engine/ports.ts";
import { ALL_TACTICS } from "../../../src/engine/tactics.ts";
import { areaBelowFront, pairedGain } from "./figures.ts";
import { runSeeds, type Section, type Setup } from "./setup.ts";
import { meanOf } from "./statistics.ts";
import { type Row, signed, withError } from "./table.ts";
import type { World } from "./worlds/world.ts";

/** What the prompts are to be beside good. */
const OBJECTIVE = "brevity";

/** What it does to the front, and what it costs, that a named objective has a say in who becomes a parent. */
export async function ablateObjective(setup: Setup, worlds: readonly World[]): Promise<Section> {
  const rows: Row[] = [];
  for (const world of worlds) {
    const runs = (goals: boolean) =>
      runSeeds({ ...setup, optimise: named(optimiseWith({ ...ALL_TACTICS, goals })) }, world, "default");
    const [having, without] = [await runs(true), await runs(false)];
    const change = (run: (typeof without)[number], i: number) =>
      areaBelowFront(run) - areaBelowFront(having[i] ?? run);
    rows.push([
      world.name,
      withError(meanOf(having.map(areaBelowFront))),
      difference(meanOf(without.map(change))),
      withError(meanOf(having.map((r) => r.bestScore))),
      difference(pairedGain(without, having, "bestScore")),
    ]);
  }
  return {
    title: `Ablation: objectives ["${OBJECTIVE}"], ${setup.seeds.length} seeds`,
    head: ["world", "area below the front", "without a say in the parents", "its best candidate", "without"],
    rows,
    findings: [],
    notes: [
      "Area: the true score one can have with a prompt of at most so many tokens, on average from none to four times the seed's.",
    ],
  };
}

/** The engine for a caller who names the objective. */
function named(optimise: Optimise): Optimise {
  return (input, ...others) =>
    optimise({ ...input, spec: { ...input.spec, objectives: [OBJECTIVE] } }, ...others);
}

function difference({ mean, error }: { mean: number; error: number }): string {
  return `${signed(mean)} ± ${error.toFixed(3)}`;
}
