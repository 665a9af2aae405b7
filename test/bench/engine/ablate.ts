import type { SearchConfig } from "../../../src/domain/spec.ts";
import { optimiseWith } from "../../../src/engine/optimise.ts";
import type { OperatorName } from "../../../src/engine/operators/registry.ts";
import { ALL_TACTICS, type Tactics } from "../../../src/engine/tactics.ts";
import { pairedGain } from "./figures.ts";
import type { RunRecord } from "./run.ts";
import { type RunLimits, runSeeds, type Section, type Setup, WIDTH } from "./setup.ts";
import { meanOf } from "./statistics.ts";
import { signed, withError } from "./table.ts";
import type { World } from "./worlds/world.ts";

/** A world the default is taken apart in. */
export interface Arena {
  readonly world: World;
  readonly seeds: readonly number[];
  /** Rollouts, and iterations where a job is short of those. */
  readonly limits?: RunLimits;
}

/** The default with one part taken out, or changed by the knobs a caller has. */
interface Variant {
  readonly group: "validation" | "parents" | "reflection" | "operators";
  readonly name: string;
  readonly without?: keyof Tactics;
  readonly config?: Partial<SearchConfig>;
  /** It is taken out of a wide job, and compared with one that has it. */
  readonly wide?: boolean;
}

const CLARIFYING: readonly OperatorName[] = ["clarify", "tighten"];
const REWRITING: readonly OperatorName[] = ["restructure", "style"];
const EXAMPLES: readonly OperatorName[] = ["condition_on_examples", "swap_examples", "trim_examples"];
const TARGETED = [...CLARIFYING, ...REWRITING, ...EXAMPLES];

/** The knob that switches operators off. */
function off(names: readonly OperatorName[]): Partial<SearchConfig> {
  return { operators: Object.fromEntries(names.map((name) => [name, 0])) };
}

/** What is taken out, one thing at a time. */
export const VARIANTS: readonly Variant[] = [
  { group: "validation", name: "without racing", without: "racing" },
  { group: "validation", name: "one grade an output", config: { maxGrades: 1 } },
  { group: "parents", name: "by wins, not by belief", without: "sampling" },
  { group: "reflection", name: "without known failures", without: "knownFailures" },
  { group: "reflection", name: "without drawing on", without: "drawingOn" },
  { group: "reflection", name: "without lessons", without: "lessons" },
  { group: "reflection", name: "without rejected edits", without: "rejectedEdits" },
  { group: "operators", name: "by fixed weights", without: "adaptiveOperators" },
  { group: "operators", name: "without free reflection", config: off(["reflect"]) },
  { group: "operators", name: "without clarify and tighten", config: off(CLARIFYING) },
  { group: "operators", name: "without restructure and style", config: off(REWRITING) },
  { group: "operators", name: "without those on worked examples", config: off(EXAMPLES) },
  { group: "operators", name: "without the seven targeted ones", config: off(TARGETED) },
  { group: "operators", name: "without crossover", config: off(["crossover"]) },
  { group: "operators", name: "without merge", config: off(["merge"]) },
  { group: "operators", name: "without crossover and merge", config: { merge: false } },
  { group: "operators", name: `the same, ${WIDTH} proposals at once`, config: { merge: false }, wide: true },
  { group: "operators", name: "free reflection only", config: off([...TARGETED, "crossover", "merge"]) },
];

/** What each part of the default contributes: a row a part, a column a world, paired by seed with the default as it is. */
export async function ablate(setup: Setup, arenas: readonly Arena[]): Promise<Section> {
  const columns: string[][] = [];
  for (const arena of arenas) columns.push(await columnOf(setup, arena));
  const parts = [{ group: "", name: "the default" }, ...VARIANTS];
  return {
    title: `Ablation: ${arenas.map(({ world, seeds }) => `${world.name} ${seeds.length} seeds`).join(", ")}`,
    head: ["group", "variant", ...arenas.map(({ world }) => world.name)],
    rows: parts.map(({ group, name }, i) => [group, name, ...columns.map((column) => column[i] ?? "")]),
    findings: [],
    notes: [
      "True score of the best candidate; of the variants its change, paired by seed. In bold what is beyond two standard errors.",
    ],
  };
}

/** The default's score in a world, and below it what each variant changes. */
async function columnOf(setup: Setup, { world, seeds, limits = {} }: Arena): Promise<string[]> {
  const runs = ({ without, config = {}, wide = false }: Partial<Variant>) => {
    const tactics = without === undefined ? ALL_TACTICS : { ...ALL_TACTICS, [without]: false };
    const here = { ...setup, seeds, optimise: optimiseWith(tactics) };
    const knobs = wide ? { ...config, width: WIDTH } : config;
    return runSeeds(here, world, "default", { ...limits, config: knobs });
  };
  const narrow = await runs({});
  const wide = await runs({ wide: true });
  const cells = [withError(meanOf(narrow.map((r) => r.bestScore)))];
  for (const variant of VARIANTS) cells.push(changeOf(await runs(variant), variant.wide ? wide : narrow));
  return cells;
}

/** Where a part was never used, or never mattered. */
const UNCHANGED = "the same";

function changeOf(runs: readonly RunRecord[], whole: readonly RunRecord[]): string {
  if (runs.every((run, i) => run.bestScore === whole[i]?.bestScore)) return UNCHANGED;
  const { mean, error } = pairedGain(runs, whole, "bestScore");
  const change = `${signed(mean)} ± ${error.toFixed(3)}`;
  return Math.abs(mean) > 2 * error ? `**${change}**` : change;
}
