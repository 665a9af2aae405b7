import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

/** A few rules that are always followed when stated. */
export const SOLVABLE: RulesTask = {
  components: ["prompt"],
  rulesPerComponent: 5,
  rulesInSeed: 1,
  componentsPerCase: 1,
  needsPerComponent: [1, 2],
  skew: 0.3,
  examples: USUAL_SPLIT,
  followsStated: 1,
  followsUnstated: 0,
  attentionLines: 1e9,
  attentionFloor: 1,
  lostInTheMiddle: 0,
  conflicts: 0,
  distractions: 4,
  hindered: 1,
  luckOfCase: 0.6,
  score: "fraction",
  feedbackNames: 0.9,
  feedbackWrong: 0.1,
  reflection: ORDINARY_HABITS,
};

/** A task that can be solved. */
export const solvable: World = {
  name: "solvable",
  description:
    "Five rules, always followed when stated: a perfect prompt exists, and the search should stop at it.",
  parameters: { ...SOLVABLE },
  open: (seed, stage) => openRulesTask("solvable", SOLVABLE, seed, stage),
};
