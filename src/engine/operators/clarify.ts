import type { ReflectiveOperator } from "./operator.ts";

/** Adds one instruction. */
export const clarify: ReflectiveOperator = {
  kind: "reflective",
  name: "clarify",
  weight: 1,
  order:
    "Add one clarifying instruction that would have prevented the failures. Leave the rest of the text as it is.",
  usesMate: false,
  applies: () => true,
};
