import type { ReflectiveOperator } from "./operator.ts";

/** Changes how the prompt speaks. */
export const style: ReflectiveOperator = {
  kind: "reflective",
  name: "style",
  weight: 0.5,
  order:
    "Change tone, wording and level of detail so that answers fit what the feedback asks for. Keep the task and every fact.",
  usesMate: false,
  applies: () => true,
};
