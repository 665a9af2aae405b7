import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

const parameters: RulesTask = {
  components: ["find", "reason", "write"],
  rulesPerComponent: 6,
  rulesInSeed: 2,
  componentsPerCase: 2,
  needsPerComponent: [1, 2],
  skew: 0.4,
  examples: USUAL_SPLIT,
  followsStated: 0.95,
  followsUnstated: 0.2,
  attentionLines: 20,
  attentionFloor: 0.3,
  lostInTheMiddle: 0.1,
  conflicts: 0.35,
  distractions: 12,
  hindered: 0.6,
  luckOfCase: 0.6,
  score: "every",
  feedbackNames: 0.6,
  feedbackWrong: 0.3,
  reflection: ORDINARY_HABITS,
};

/** Several components with complementary skills. */
export const skills: World = {
  name: "skills",
  description:
    "Three components with six skills each; a case touches two of them and scores by the components in which every " +
    "needed skill was shown. A third of the skills hinder one of another component when stated: what helps one kind of " +
    "case can hurt another, and lineages that improved different components are worth merging.",
  parameters: { ...parameters },
  open: (seed, stage) => openRulesTask("skills", parameters, seed, stage),
};
