import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

const parameters: RulesTask = {
  components: ["prompt"],
  rulesPerComponent: 14,
  rulesInSeed: 3,
  componentsPerCase: 1,
  needsPerComponent: [2, 4],
  skew: 0.6,
  examples: USUAL_SPLIT,
  followsStated: 0.97,
  followsUnstated: 0.15,
  attentionLines: 30,
  attentionFloor: 0.3,
  lostInTheMiddle: 0.15,
  conflicts: 0.1,
  distractions: 12,
  hindered: 0.6,
  luckOfCase: 0.6,
  score: "fraction",
  feedbackNames: 0.1,
  feedbackWrong: 0.2,
  reflection: ORDINARY_HABITS,
};

/** Hidden rules, and a grader that hardly says what was missed. */
export const terseGrader: World = {
  name: "terse-grader",
  description:
    "The rules of latent-rules under a grader that says what was missed one time in ten: what an edit taught is dear, and worth remembering.",
  parameters: { ...parameters },
  open: (seed, stage) => openRulesTask("terse-grader", parameters, seed, stage),
};
