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
  /** It is about calls of the reflection model too. */
  readonly saves?: boolean;
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
  { group: "reflection", name: "without rejected edits", without: "rejectedEdits", saves: true },
  { group: "operators", name: "by fixed weights", without: "adaptiveOperators" },
  { group: "operators", name: "without free reflection", config: off(["reflect"]) },
  { group: "operators", name: "without clarify and tighten", config: off(CLARIFYING) },
  { group: "operators", name: "without restructure and style", config: off(REWRITING) },
  { group: "operators", name: "without those on worked examples", config: off(EXAMPLES) },
  { group: "operators", name: "without the seven targeted ones", config: off(TARGETED) },
  { group: "operators", name: "without crossover and merge", config: { merge: false }, saves: true },
  {
    group: "operators",
    name: `the same, ${WIDTH} proposals at once`,
    config: { merge: false },
    wide: true,
    saves: true,
  },
  { group: "operators", name: "free reflection only", config: off([...TARGETED, "crossover", "merge"]) },
];

/** What each part of the default contributes: a row a part, a column a world, paired by seed with the default as it is. */
export async function ablate(setup: Setup, arenas: readonly Arena[]): Promise<Section[]> {
  const columns: Column[] = [];
  for (const arena of arenas) columns.push(await columnOf(setup, arena));
  const table = (variants: readonly Described[], cells: (column: Column) => readonly string[]) => ({
    head: ["group", "variant", ...arenas.map(({ world }) => world.name)],
    rows: variants.map(({ group, name }, i) => [
      group,
      name,
      ...columns.map((column) => cells(column)[i] ?? ""),
    ]),
    findings: [],
  });
  return [
    {
      ...table([{ group: "", name: "the default" }, ...VARIANTS], (column) => column.scores),
      title: `Ablation: ${arenas.map(({ world, seeds }) => `${world.name} ${seeds.length} seeds`).join(", ")}`,
      notes: [
        "True score of the best candidate; of the variants its change, paired by seed. In bold what is beyond two standard errors.",
      ],
    },
    {
      ...table(SAVERS, (column) => column.reflections),
      title: "Ablation: calls of the reflection model",
      notes: ["A run of the default, and what the variant makes more, paired by seed."],
    },
  ];
}

type Described = Pick<Variant, "name"> & { readonly group: string };

const SAVERS = VARIANTS.filter((variant) => variant.saves);

/** What the tables say of one world, from the top down. */
interface Column {
  readonly scores: readonly string[];
  readonly reflections: readonly string[];
}

/** The default's score in a world, and below it what each variant changes. */
async function columnOf(setup: Setup, { world, seeds, limits = {} }: Arena): Promise<Column> {
  const runs = ({ without, config = {}, wide = false }: Partial<Variant>) => {
    const tactics = without === undefined ? ALL_TACTICS : { ...ALL_TACTICS, [without]: false };
    const here = { ...setup, seeds, optimise: optimiseWith(tactics) };
    const knobs = wide ? { ...config, width: WIDTH } : config;
    return runSeeds(here, world, "default", { ...limits, config: knobs });
  };
  const narrow = await runs({});
  const wide = await runs({ wide: true });
  const scores = [withError(meanOf(narrow.map((r) => r.bestScore)))];
  const reflections: string[] = [];
  for (const variant of VARIANTS) {
    const [without, whole] = [await runs(variant), variant.wide ? wide : narrow];
    scores.push(changeOf(without, whole, "bestScore", 3));
    if (!variant.saves) continue;
    const calls = meanOf(whole.map((r) => r.reflections)).mean;
    reflections.push(`${calls.toFixed(1)}: ${changeOf(without, whole, "reflections", 1)}`);
  }
  return { scores, reflections };
}

/** Where a part was never used, or never mattered. */
const UNCHANGED = "the same";

function changeOf(
  runs: readonly RunRecord[],
  whole: readonly RunRecord[],
  figure: "bestScore" | "reflections",
  places: number,
): string {
  if (runs.every((run, i) => run[figure] === whole[i]?.[figure])) return UNCHANGED;
  const { mean, error } = pairedGain(runs, whole, figure);
  const change = `${signed(mean, places)} ± ${error.toFixed(places)}`;
  return Math.abs(mean) > 2 * error ? `**${change}**` : change;
}
