import type { SearchConfig } from "../../../src/domain/spec.ts";
import { optimiseWith } from "../../../src/engine/optimise.ts";
import { ALL_TACTICS, type Tactics } from "../../../src/engine/tactics.ts";
import { pairedGain, optimism, scoreAfter } from "./figures.ts";
import { SHORT_BUDGET } from "./quality.ts";
import { FULL_BUDGET, runSeeds, type Section, type Setup } from "./setup.ts";
import { meanOf } from "./statistics.ts";
import { digits, type Row, signed, withError } from "./table.ts";
import type { World } from "./worlds/world.ts";

/** The default with one part taken out, or changed by the knobs a caller has. */
interface Variant {
  readonly name: string;
  readonly without?: keyof Tactics;
  readonly config?: Partial<SearchConfig>;
}

/** Operators beside free reflection, all switched off. */
const ONLY_REFLECTION = Object.fromEntries(
  [
    "clarify",
    "tighten",
    "restructure",
    "condition_on_examples",
    "swap_examples",
    "trim_examples",
    "style",
    "crossover",
    "merge",
  ].map((name) => [name, 0]),
);

/** What is taken out, one thing at a time. */
export const VARIANTS: readonly Variant[] = [
  { name: "without racing", without: "racing" },
  { name: "parents by wins, not by belief", without: "sampling" },
  { name: "without novelty", without: "novelty" },
  { name: "without known failures", without: "knownFailures" },
  { name: "without drawing on", without: "drawingOn" },
  { name: "without lessons", without: "lessons" },
  { name: "without rejected edits", without: "rejectedEdits" },
  { name: "operators by fixed weights", without: "adaptiveOperators" },
  { name: "without merge and crossover", config: { merge: false } },
  { name: "free reflection only", config: { operators: ONLY_REFLECTION } },
  { name: "no free reflection", config: { operators: { reflect: 0 } } },
  { name: "parent: current best", config: { selection: "current_best" } },
  { name: "parent: ε-greedy", config: { selection: "epsilon_greedy" } },
  { name: "parent: top-k", config: { selection: "top_k_pareto" } },
  { name: "minibatch 6", config: { minibatchSize: 6 } },
  { name: "minibatch 10", config: { minibatchSize: 10 } },
  { name: "width 4", config: { width: 4 } },
  { name: "width 16", config: { width: 16 } },
];

/** What each part of the default contributes, paired by seed with the default as it is. */
export async function ablate(setup: Setup, worlds: readonly World[]): Promise<Section> {
  const rows: Row[] = [];
  for (const world of worlds) {
    const whole = await runSeeds(setup, world, "default");
    rows.push(rowOf(world.name, "the default", whole, whole));
    for (const { name, without, config = {} } of VARIANTS) {
      const optimise =
        without === undefined ? setup.optimise : optimiseWith({ ...ALL_TACTICS, [without]: false });
      const runs = await runSeeds({ ...setup, optimise }, world, "default", { config });
      rows.push(rowOf(world.name, name, runs, whole));
    }
  }
  return {
    title: `Ablation: default, ${FULL_BUDGET} rollouts, ${setup.seeds.length} seeds`,
    head: [
      "world",
      "variant",
      "champion",
      "best candidate",
      "change",
      `at ${SHORT_BUDGET}`,
      "reported − true",
      "proposals",
      "accepted",
    ],
    rows,
    findings: [],
    notes: [
      "Change: of the best candidate, paired by seed. A change below two standard errors says nothing.",
      `At ${SHORT_BUDGET}: the best candidate after so many of the ${FULL_BUDGET} rollouts.`,
    ],
  };
}

function rowOf(
  world: string,
  name: string,
  runs: Awaited<ReturnType<typeof runSeeds>>,
  whole: Awaited<ReturnType<typeof runSeeds>>,
): Row {
  const gain = pairedGain(runs, whole, "bestScore");
  return [
    world,
    name,
    withError(meanOf(runs.map((r) => r.championScore))),
    withError(meanOf(runs.map((r) => r.bestScore))),
    runs === whole ? "" : `${signed(gain.mean)} ± ${gain.error.toFixed(3)}`,
    digits(meanOf(runs.map((r) => scoreAfter(r, SHORT_BUDGET))).mean, 3),
    withError(optimism(runs)),
    digits(meanOf(runs.map((r) => r.proposals)).mean, 1),
    digits(meanOf(runs.map((r) => r.accepted)).mean, 1),
  ];
}
