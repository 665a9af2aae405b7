import type { ReflectiveOperator } from "./operator.ts";
import { holdsWorkedExamples } from "./worked-examples.ts";

/** Shortens what does not earn its place. */
export const trimExamples: ReflectiveOperator = {
  kind: "reflective",
  name: "trim_examples",
  weight: 0.5,
  order:
    "Cut worked examples and repetitions that do not help with the failures shown, and put the rule they stand for in one sentence. Keep every fact.",
  usesMate: false,
  applies: ({ parent }) => Object.values(parent.components).some(holdsWorkedExamples),
};
