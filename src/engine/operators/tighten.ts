import type { ReflectiveOperator } from "./operator.ts";

/** Makes the demands on the answer exact. */
export const tighten: ReflectiveOperator = {
  kind: "reflective",
  name: "tighten",
  weight: 1,
  order:
    "Tighten the constraints: say exactly what an answer must and must not contain, and in which form. Do not change the task.",
  usesMate: false,
  applies: () => true,
};
