import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

const parameters: RulesTask = {
  components: ["prompt"],
  rulesPerComponent: 5,
  rulesInSeed: 3,
  componentsPerCase: 1,
  needsPerComponent: [1, 1],
  skew: -3,
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

/** A task the seed prompt has all but solved. */
export const nearlyRight: World = {
  name: "nearly-right",
  description:
    "The seed prompt is right on 96 % of the cases: two rare rules are missing, always followed when stated. Most minibatches show no failure.",
  parameters: { ...parameters },
  open: (seed, stage) => openRulesTask("nearly-right", parameters, seed, stage),
};
