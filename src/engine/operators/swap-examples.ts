import type { ReflectiveOperator } from "./operator.ts";
import { holdsWorkedExamples } from "./worked-examples.ts";

/** Exchanges worked examples for ones that show what goes wrong. */
export const swapExamples: ReflectiveOperator = {
  kind: "reflective",
  name: "swap_examples",
  weight: 0.5,
  order:
    "Replace the worked examples in the text by better ones of your own making that cover the failures shown. Leave the rest of the text as it is.",
  usesMate: false,
  applies: ({ parent }) => Object.values(parent.components).some(holdsWorkedExamples),
};
