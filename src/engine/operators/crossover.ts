import { componentNames } from "../../domain/spec.ts";
import type { ReflectiveOperator } from "./operator.ts";

/** Lets the reflection model join two prompts of different lineage. Those of several components are merged instead. */
export const crossover: ReflectiveOperator = {
  kind: "reflective",
  name: "crossover",
  weight: 8,
  order:
    "Join the strengths of the current text and of the other text, which does better on other inputs, in one text without repetition. Keep every fact that either holds.",
  usesMate: true,
  applies: ({ parent, mate }) => mate !== undefined && componentNames(parent.components).length === 1,
};
