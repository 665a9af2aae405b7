import { ORDINARY_HABITS } from "./habits.ts";
import { LATENT_RULES } from "./latent-rules.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

const parameters: RulesTask = {
  ...LATENT_RULES,
  followsStated: 1,
  followsUnstated: 0.05,
  attentionLines: 60,
  lostInTheMiddle: 0,
  conflicts: 0,
  hindered: 0.3,
  luckOfCase: 0.9,
  feedbackNames: 0,
  reflection: { ...ORDINARY_HABITS, adds: 1, forgets: 0.2, wanders: 0.2, insists: 0.75 },
};

/** A mute check, and a reflection model with favourites. */
export const oneTrackMind: World = {
  name: "one-track-mind",
  description:
    "Hidden rules under a check that says right or wrong and no more, so that the reflection model has to guess. It adds one idea at a time, three " +
    "times of four the one it likes best, and most of its ideas break something: what did not help it would try again, unless it is told. " +
    "Made to show what being told is worth.",
  parameters: { ...parameters },
  open: (seed, stage) => openRulesTask("one-track-mind", parameters, seed, stage),
};
