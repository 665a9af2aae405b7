import { SOLVABLE } from "./solvable.ts";
import { openRulesTask, type RulesTask } from "./rules-task.ts";
import type { World } from "./world.ts";

const parameters: RulesTask = { ...SOLVABLE, rulesInSeed: 3, needsPerComponent: [1, 1], skew: -3 };

/** A task the seed prompt has all but solved. */
export const nearlyRight: World = {
  name: "nearly-right",
  description:
    "The seed prompt is right on 96 % of the cases: two rare rules are missing, always followed when stated. Most minibatches show no failure.",
  parameters: { ...parameters },
  open: (seed, stage) => openRulesTask("nearly-right", parameters, seed, stage),
};
