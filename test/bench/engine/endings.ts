import { optimism, verdictShare } from "./figures.ts";
import { type Finding, FULL_BUDGET, runSeeds, type Section, type Setup, WIDTH } from "./setup.ts";
import { meanOf, median } from "./statistics.ts";
import { digits, percent, type Row, signed, withError } from "./table.ts";
import { pureNoise } from "./worlds/pure-noise.ts";
import { solvable } from "./worlds/solvable.ts";
import { trueLift } from "./worlds/true-lift.ts";
import type { World } from "./worlds/world.ts";

/** A true lift above this is the one there is in the world of a true lift: 0.15, give or take rounding. */
const FOUND = 0.14;

/** What the report says where nothing is better, and where one prompt truly is. */
export async function compareHonesty(setup: Setup): Promise<Section> {
  const rows: Row[] = [];
  const findings: Finding[] = [];
  for (const [world, verdict, share] of [
    [pureNoise, "not_shown", "95 %"],
    [trueLift, "improved", "80 %"],
  ] as const) {
    const runs = await runSeeds(setup, world, "default");
    // A lift that was not found can not be shown.
    const due = world === trueLift ? runs.filter((r) => r.bestScore - r.seedScore > FOUND) : runs;
    const figure = `verdict "${verdict}"${world === trueLift ? `, where it is found (${due.length} of ${runs.length})` : ""}`;
    const reached = percent(verdictShare(due, verdict));
    findings.push({ figure, world: world.name, reached, target: `≥ ${share}` });
    if (world === pureNoise) {
      const lift = withError(meanOf(runs.flatMap((r) => r.reportedLift ?? [])));
      findings.push({ figure: "mean reported lift", world: world.name, reached: lift, target: "0 ± 0.01" });
    }
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
    findings,
  };
}

/** Whether the search stops when there is nothing left to gain. */
export async function compareStopping(setup: Setup): Promise<Section> {
  const rows: Row[] = [];
  const findings: Finding[] = [];
  for (const width of [1, WIDTH]) {
    const runs = await runSeeds(setup, solvable, "default", { config: { width } });
    const solved = runs.filter((r) => r.solvedAt !== undefined);
    const late = solved.map((r) => r.lastIteration - (r.solvedAt ?? 0));
    const latest = late.length === 0 ? "–" : String(Math.max(...late));
    findings.push({
      figure: `iterations after "solved", most (width ${width})`,
      world: solvable.name,
      reached: latest,
      target: "≤ 1",
    });
    rows.push([
      String(width),
      String(runs.length),
      String(solved.length),
      String(runs.filter((r) => r.stopReason === "solved").length),
      digits(median(solved.map((r) => r.solvedAt ?? 0)), 0),
      latest,
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
    findings,
  };
}

/** The real world: accuracy on the untouched test split. */
export async function compareReal(setup: Setup, world: World, budget: number): Promise<Section> {
  const rows: Row[] = [];
  const findings: Finding[] = [];
  for (const profile of ["reference", "default"] as const) {
    const runs = await runSeeds(setup, world, profile, { budget });
    const shown = runs.filter((r) => (r.interval?.low ?? 0) > 0).length;
    const figure = (name: string, reached: string, target: string) =>
      findings.push({ figure: `${name}, ${profile}`, world: world.name, reached, target });
    const aim = (target: string) => (profile === "default" ? target : "");
    const lift = withError(meanOf(runs.map((r) => r.championScore - r.seedScore)));
    figure(
      "test accuracy of the champion",
      withError(meanOf(runs.map((r) => r.championScore))),
      aim("≥ 0.95, or"),
    );
    figure("lift over the label names", lift, aim("≥ 0.10"));
    figure("interval above zero", `${shown} of ${runs.length}`, aim("all"));
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
    findings,
  };
}
