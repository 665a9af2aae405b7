import {
  cpuPerRollout,
  medianRolloutsToReach,
  optimism,
  pairedGain,
  rolloutsToReach,
  scoreAfterCalls,
  verdictShare,
} from "./figures.ts";
import { type Finding, FULL_BUDGET, runSeeds, type Section, type Setup } from "./setup.ts";
import { meanOf } from "./statistics.ts";
import { digits, percent, type Row, signed, withError } from "./table.ts";
import type { World } from "./worlds/world.ts";

/** Rollouts with which the default is to reach what the reference reaches with {@link FULL_BUDGET}. */
export const SHORT_BUDGET = 400;

/** Quality at equal rollouts and rollouts at equal quality, a row a world. */
export async function compareQuality(setup: Setup, worlds: readonly World[]): Promise<Section[]> {
  const quality: Row[] = [];
  const books: Row[] = [];
  const findings: Finding[] = [];
  for (const world of worlds) {
    const reference = await runSeeds(setup, world, "reference");
    const ours = await runSeeds(setup, world, "default");
    const short = await runSeeds(setup, world, "default", { budget: SHORT_BUDGET });
    const goal = meanOf(reference.map((r) => r.bestScore));
    const calls = meanOf(reference.map((r) => r.modelCalls)).mean;
    const gain = pairedGain(ours, reference, "championScore");
    const gained = `${signed(gain.mean)} ± ${gain.error.toFixed(3)}`;
    const reached = digits(rolloutsToReach(ours, goal.mean, FULL_BUDGET), 0);
    const found = (figure: string, value: string, target: string) =>
      findings.push({ figure, world: world.name, reached: value, target });
    found(`test score at ${FULL_BUDGET} rollouts, default − reference`, gained, "≥ +0.05");
    found(`rollouts to the reference's score at ${FULL_BUDGET}`, reached, `≤ ${SHORT_BUDGET}`);
    found("reported − true lift", withError(optimism(ours)), "0");
    found("rollouts over budget, most", String(Math.max(...[...ours, ...short].map((r) => r.overrun))), "0");
    found("CPU ms a rollout", digits(cpuPerRollout(ours), 2), "≤ 0.3");
    quality.push([
      world.name,
      digits(meanOf(ours.map((r) => r.seedScore)).mean, 3),
      withError(goal),
      withError(meanOf(ours.map((r) => r.championScore))),
      gained,
      withError(meanOf(ours.map((r) => r.bestScore))),
      withError(meanOf(ours.map((r) => scoreAfterCalls(r, calls)))),
      withError(meanOf(short.map((r) => r.championScore))),
      withError(meanOf(short.map((r) => r.bestScore))),
      reached,
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
        digits(meanOf(runs.map((r) => r.modelCalls)).mean, 0),
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
        "and at as many model calls",
        `default at ${SHORT_BUDGET}`,
        "its best candidate",
        "rollouts to the reference's score",
        "median by seed",
      ],
      rows: quality,
      findings,
      notes: [
        "True scores of the prompt that is returned; the default returns the seed prompt where a lift is not shown, and so its best candidate stands beside it.",
        "At as many model calls: after as many calls of target, judge and reflection model together as the reference makes; a judge whose grades are noisy is asked several times about each output.",
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
        "model calls",
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
      findings: [],
      notes: [
        "Rollouts are counted by the target model itself; the reference's as it is charged, repetitions included. CPU is that of the whole process without the simulators' own.",
      ],
    },
  ];
}
