import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import { openQualityTask, type QualityTask } from "./quality-task.ts";
import type { World } from "./world.ts";

const parameters: QualityTask = {
  base: 0.6,
  lines: 200,
  valueMean: 0,
  valueSd: 0,
  jumpLines: 0,
  jump: 0,
  ceiling: 0.4,
  lineCost: 0,
  outcome: "binary",
  caseSd: 0,
  answerSd: 0,
  judgeSd: 0,
  luckOfCase: 0.5,
  examples: USUAL_SPLIT,
  feedbackHelps: 0,
  reflection: ORDINARY_HABITS,
};

/** Nothing is better than anything. */
export const pureNoise: World = {
  name: "pure-noise",
  description:
    "Every prompt solves 60 % of all cases, each prompt other ones: whatever looks better is luck, and the report " +
    "should say so.",
  parameters: { ...parameters },
  open: (seed, stage) => openQualityTask("pure-noise", parameters, seed, stage),
};
