import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import { openQualityTask, type QualityTask } from "./quality-task.ts";
import type { World } from "./world.ts";

const parameters: QualityTask = {
  base: 0.45,
  lines: 200,
  valueMean: -0.01,
  valueSd: 0.05,
  jumpLines: 0,
  jump: 0,
  ceiling: 0.4,
  lineCost: 0.003,
  outcome: "graded",
  caseSd: 0.15,
  answerSd: 0.05,
  judgeSd: 0.25,
  luckOfCase: 0,
  examples: USUAL_SPLIT,
  feedbackHelps: 0.4,
  reflection: ORDINARY_HABITS,
};

/** A noisy judge. */
export const noisyJudge: World = {
  name: "noisy-judge",
  description:
    "One latent quality that each line of advice moves a little, up or down, seen through a judge whose noise on one " +
    "grade is five times the size of a good edit: a comparison on three examples is close to a coin toss.",
  parameters: { ...parameters },
  open: (seed, stage) => openQualityTask("noisy-judge", parameters, seed, stage),
};
