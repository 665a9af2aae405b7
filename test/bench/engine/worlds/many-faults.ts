import { openFaultsTask, type FaultsTask } from "./faults-task.ts";
import { ORDINARY_HABITS, USUAL_SPLIT } from "./habits.ts";
import type { World } from "./world.ts";

/** The world of many faults. */
export const MANY_FAULTS: FaultsTask = {
  rules: 12,
  needs: [2, 4],
  skew: 0.6,
  demanded: 0.4,
  present: 0.6,
  faults: { missing: 6, unshown: 6, form: 4, tone: 2, talk: 12, repetitions: 6, needless: 4 },
  examples: USUAL_SPLIT,
  followsStated: 0.97,
  graspsUnshown: 0.35,
  followsShown: 0.92,
  followsUnstated: 0.15,
  exampleLines: 2,
  attentionLines: 60,
  attentionFloor: 0.3,
  lostInTheMiddle: 0.2,
  luckOfCase: 0.6,
  feedbackNames: 0.5,
  feedbackWrong: 0.2,
  reflection: { ...ORDINARY_HABITS, turns: 0.2 },
};

/** Seed prompts that are at fault in several ways, in each task in others. */
export const manyFaults: World = {
  name: "many-faults",
  description:
    "A prompt that has grown for years and a small target model, made to show what targeted operators are for. Of seven " +
    "faults a task has some and not others: rules that are not stated, rules the model grasps only when it is shown how, " +
    "vague demands on form and on tone, talk, repetitions, and needless worked examples among which the rest is lost. A " +
    "free rewrite adds the rules the feedback names and does more one time in five; an order for a targeted edit is " +
    "followed to the letter.",
  parameters: { ...MANY_FAULTS },
  open: (seed, stage) => openFaultsTask("many-faults", MANY_FAULTS, seed, stage),
};
