import { LATENT_RULES } from "./latent-rules.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

const parameters: RulesTask = { ...LATENT_RULES, feedbackNames: 0.1, feedbackWrong: 0.2 };

/** Hidden rules, and a grader that hardly says what was missed. */
export const terseGrader: World = {
  name: "terse-grader",
  description:
    "The rules of latent-rules under a grader that says what was missed one time in ten: what an edit taught is dear, and worth remembering.",
  parameters: { ...parameters },
  open: (seed, stage) => openRulesTask("terse-grader", parameters, seed, stage),
};
