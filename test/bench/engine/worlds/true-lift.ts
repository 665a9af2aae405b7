import { ORDINARY_HABITS } from "./habits.ts";
import { openQualityTask, type QualityTask } from "./quality-task.ts";
import type { World } from "./world.ts";

const parameters: QualityTask = {
  base: 0.55,
  lines: 60,
  valueMean: 0,
  valueSd: 0,
  jumpLines: 20,
  jump: 0.15,
  ceiling: 0.4,
  lineCost: 0,
  outcome: "binary",
  caseSd: 0,
  answerSd: 0,
  judgeSd: 0,
  luckOfCase: 0.7,
  examples: { train: 60, validation: 60, test: 100 },
  feedbackHelps: 0.5,
  reflection: ORDINARY_HABITS,
};

/** One truly better prompt. */
export const trueLift: World = {
  name: "true-lift",
  description:
    "Any of twenty lines lifts the share of solved cases from 0.55 to 0.70, once; no other line does anything. With 100 " +
    "test cases the report should say that it improved.",
  parameters: { ...parameters },
  open: (seed, stage) => openQualityTask("true-lift", parameters, seed, stage),
};
