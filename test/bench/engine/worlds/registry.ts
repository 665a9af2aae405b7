import { latentRules } from "./latent-rules.ts";
import { manyFaults } from "./many-faults.ts";
import { nearlyRight } from "./nearly-right.ts";
import { noisyJudge } from "./noisy-judge.ts";
import { oneTrackMind } from "./one-track-mind.ts";
import { pureNoise } from "./pure-noise.ts";
import { showMe } from "./show-me.ts";
import { skills } from "./skills.ts";
import { solvable } from "./solvable.ts";
import { terseGrader } from "./terse-grader.ts";
import { trueLift } from "./true-lift.ts";
import type { World } from "./world.ts";

/** Worlds in which the two profiles are compared. */
export const SEARCH_WORLDS: readonly World[] = [latentRules, noisyJudge, skills];

/** Simulated worlds in which the default is taken apart: those of the search, and some made to show one part at work. */
export const ABLATION_WORLDS: readonly World[] = [
  ...SEARCH_WORLDS,
  terseGrader,
  nearlyRight,
  manyFaults,
  oneTrackMind,
  showMe,
];

/** Every world there is. */
export const WORLDS: readonly World[] = [
  ...SEARCH_WORLDS,
  pureNoise,
  trueLift,
  solvable,
  nearlyRight,
  terseGrader,
  manyFaults,
  oneTrackMind,
  showMe,
];

/** Seeds any parameter may be looked at with; the report never uses them. */
export const TUNING_SEEDS = seeds(1);

/** Seeds of the report; nothing was ever tuned on them. */
export const REPORT_SEEDS = seeds(1_000_001);

/** How many seeds each range has room for. */
const ROOM = 1_000;

function seeds(first: number): (count: number) => number[] {
  return (count) => {
    if (count > ROOM) throw new RangeError(`There are ${ROOM} seeds, not ${count}.`);
    return Array.from({ length: count }, (_, i) => first + i);
  };
}
