import { parseArgs } from "node:util";
import { optimise } from "../../../src/engine/optimise.ts";
import { ablate, type Arena } from "./ablate.ts";
import { describeWorlds } from "./describe.ts";
import { compareHonesty, compareReal, compareStopping } from "./endings.ts";
import { ablateObjective } from "./named-objectives.ts";
import { compareQuality } from "./quality.ts";
import { loadBanking } from "./real/banking.ts";
import type { RunRecord } from "./run.ts";
import type { Finding, Section, Setup } from "./setup.ts";
import { table } from "./table.ts";
import { compareWallTime, LATENCY_MS } from "./wall-time.ts";
import { nearlyRight } from "./worlds/nearly-right.ts";
import { ABLATION_WORLDS, REPORT_SEEDS, SEARCH_WORLDS, TUNING_SEEDS, WORLDS } from "./worlds/registry.ts";

const HELP = `npm run bench:engine -- [options]

  --only <part>     quality, time, honesty, stopping or real; repeat for several (default: all)
  --world <name>    ${WORLDS.map((w) => w.name).join(", ")}; repeat for several (quality, time and ablation, which knows banking too)
  --seeds <n>       seeds of the report (default 20; honesty takes ten times as many, at most 200; ablation 60)
  --tuning          use the tuning seeds, as everybody who changes the engine must
  --quick           4 seeds
  --ablate          take the default apart instead, one part at a time
  --describe        print every world's parameters and stop
  --json            print every run as a line of JSON as well
`;

const SEEDS = 20;
const QUICK_SEEDS = 4;

/** What a part is worth is less than a whole profile is, and the sixty seeds are those that changes are looked at with. */
const ABLATION_SEEDS = 60;
/** Of the real world, whose runs take seconds: seeds 51 to 70, and as many rollouts as are enough to see a part at work. */
const REAL_ABLATION = { from: 50, to: 70, budget: 4_000 };

/** A job that is limited by iterations, where the seed prompt is nearly perfect: not one of them should be wasted. */
const SHORT_JOB = { iterations: 10 };

/** Seeds of the verdicts: a share of 95 % can be told from one of 90 % with 200. */
const HONESTY_FACTOR = 10;
const MOST_HONESTY_SEEDS = 200;

/** The encoder is slow beside the simulators, and its seed decides only the editor's choices. */
const REAL_SEEDS = 10;
const REAL_BUDGET = 12_000;

/** Log-normal calls: spread of the logarithm. */
const STRAGGLERS = 0.5;

const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    world: { type: "string", multiple: true },
    seeds: { type: "string" },
    tuning: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    ablate: { type: "boolean", default: false },
    describe: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const range = values.tuning ? TUNING_SEEDS : REPORT_SEEDS;
const seedsOr = (usual: number) => Number(values.seeds ?? (values.quick ? QUICK_SEEDS : usual));
const seeds = seedsOr(SEEDS);
const ablationSeeds = seedsOr(ABLATION_SEEDS);
const parts = new Set(values.only ?? ["quality", "time", "honesty", "stopping", "real"]);
const worlds = WORLDS.filter((w) => (values.world ?? SEARCH_WORLDS.map((s) => s.name)).includes(w.name));

function setupOf(count: number): Setup {
  const onRun = (run: RunRecord) => {
    if (values.json) console.log(JSON.stringify({ ...run, standings: undefined }));
  };
  return { optimise, seeds: range(count), onRun };
}

const findings: Finding[] = [];

function print({ title, head, rows, notes, findings: found }: Section): void {
  findings.push(...found);
  console.log(`\n## ${title}\n\n${table(head, rows)}\n${notes.map((n) => `\n${n}`).join("")}`);
}

async function real(): Promise<void> {
  const dataDir = process.env.GEPA_DATA_DIR;
  if (dataDir === undefined || dataDir === "") {
    console.log("\n## Real world\n\nIt did not run: GEPA_DATA_DIR names no folder with banking77-10.jsonl.");
    return;
  }
  const world = await loadBanking(dataDir);
  print(await compareReal(setupOf(Math.min(seeds, REAL_SEEDS)), world, REAL_BUDGET));
}

/** The worlds to take the default apart in: by default the search's, a short job, and the real one where its data is. */
async function arenas(): Promise<Arena[]> {
  const wanted = (name: string) => values.world === undefined || values.world.includes(name);
  const simulated = ABLATION_WORLDS.filter((w) => wanted(w.name));
  const found: Arena[] = simulated.map((world) => ({
    world,
    seeds: range(ablationSeeds),
    limits: world === nearlyRight ? SHORT_JOB : {},
  }));
  const dataDir = process.env.GEPA_DATA_DIR;
  if (dataDir !== undefined && dataDir !== "" && wanted("banking")) {
    const { from, to, budget } = REAL_ABLATION;
    const seeds = range(to).slice(from, from + ablationSeeds);
    found.push({ world: await loadBanking(dataDir), seeds, limits: { budget } });
  }
  return found;
}

if (values.help) {
  console.log(HELP);
} else if (values.describe) {
  console.log(describeWorlds());
} else if (values.ablate) {
  const found = await arenas();
  for (const section of await ablate(setupOf(seeds), found)) print(section);
  const searched = SEARCH_WORLDS.filter((w) => found.some((arena) => arena.world === w));
  if (searched.length > 0) print(await ablateObjective(setupOf(ablationSeeds), searched));
} else {
  const setup = setupOf(seeds);
  if (parts.has("quality")) for (const section of await compareQuality(setup, worlds)) print(section);
  if (parts.has("time")) {
    print(await compareWallTime(setup, worlds, { kind: "fixed", ms: LATENCY_MS }));
    print(await compareWallTime(setup, worlds, { kind: "lognormal", ms: LATENCY_MS, sigma: STRAGGLERS }));
  }
  if (parts.has("honesty")) {
    print(await compareHonesty(setupOf(Math.min(MOST_HONESTY_SEEDS, seeds * HONESTY_FACTOR))));
  }
  if (parts.has("stopping")) print(await compareStopping(setup));
  if (parts.has("real")) await real();
  const rows = findings.map((f) => [f.figure, f.world, f.reached, f.target]);
  console.log(`\n## Summary\n\n${table(["figure", "world", "reached", "target"], rows)}`);
}
