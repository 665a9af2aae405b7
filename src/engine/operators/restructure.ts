import type { ReflectiveOperator } from "./operator.ts";

/** Puts the text in a better order. */
export const restructure: ReflectiveOperator = {
  kind: "reflective",
  name: "restructure",
  weight: 1,
  order:
    "Restructure the text: task first, then rules as a short list in order of importance, then the form of the answer. Keep every fact it holds and add those the feedback names.",
  usesMate: false,
  applies: () => true,
};
