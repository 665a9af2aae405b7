import type { ReflectiveOperator } from "./operator.ts";

/** Shows the rule by worked examples that are nobody's data. */
export const conditionOnExamples: ReflectiveOperator = {
  kind: "reflective",
  name: "condition_on_examples",
  weight: 1,
  order:
    "Add one or two short worked examples of your own making that show the rule the feedback asks for. Do not use the inputs or answers shown to you.",
  usesMate: false,
  applies: () => true,
};
