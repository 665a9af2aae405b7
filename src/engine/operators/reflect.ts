import type { ReflectiveOperator } from "./operator.ts";

/** Free reflective mutation, the edit of GEPA itself. */
export const reflect: ReflectiveOperator = {
  kind: "reflective",
  name: "reflect",
  weight: 12,
  order:
    "Rewrite the text so that the failures shown would not happen again. Add every fact and rule the feedback names.",
  usesMate: false,
  applies: () => true,
};
