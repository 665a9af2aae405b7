import { openFaultsTask, type FaultsTask } from "./faults-task.ts";
import { MANY_FAULTS } from "./many-faults.ts";
import type { World } from "./world.ts";

const parameters: FaultsTask = {
  ...MANY_FAULTS,
  present: 1,
  faults: { missing: 0, unshown: 12, form: 0, tone: 0, talk: 4, repetitions: 0, needless: 0 },
  graspsUnshown: 0.2,
  reflection: { ...MANY_FAULTS.reflection, turns: 0.1 },
};

/** A target that has to be shown. */
export const showMe: World = {
  name: "show-me",
  description:
    "Many-faults with one fault: the prompt states every rule, and up to all of them the target model follows only once " +
    "it is shown how. One kind of edit in ten helps, worked examples, and nobody knows which. Made to show what it is " +
    "worth to go by the measured success of operators.",
  parameters: { ...parameters },
  open: (seed, stage) => openFaultsTask("show-me", parameters, seed, stage),
};
