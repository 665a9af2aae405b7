import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

/** What the worlds of latent rules have in common. */
export const LATENT_RULES: RulesTask = {
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
  feedbackNames: 0.5,
  feedbackWrong: 0.35,
  reflection: ORDINARY_HABITS,
};

/** Latent rules with attention decay. */
export const latentRules: World = {
  name: "latent-rules",
  description:
    "Fourteen hidden rules, of which a case needs two to four. What the prompt states is followed, less so the longer " +
    "the prompt and the nearer the line to its middle. Feedback names some of the missed rules, some of them wrongly.",
  parameters: { ...LATENT_RULES },
  open: (seed, stage) => openRulesTask("latent-rules", LATENT_RULES, seed, stage),
};
