import { clarify } from "./clarify.ts";
import { conditionOnExamples } from "./condition-on-examples.ts";
import { crossover } from "./crossover.ts";
import { merge } from "./merge.ts";
import type { Operator } from "./operator.ts";
import { reflect } from "./reflect.ts";
import { restructure } from "./restructure.ts";
import { style } from "./style.ts";
import { swapExamples } from "./swap-examples.ts";
import { tighten } from "./tighten.ts";
import { trimExamples } from "./trim-examples.ts";

/** Names of the operators, as they stand in events and in `config.operators`. */
export const OPERATOR_NAMES = [
  "reflect",
  "clarify",
  "tighten",
  "restructure",
  "condition_on_examples",
  "swap_examples",
  "trim_examples",
  "style",
  "crossover",
  "merge",
] as const;
export type OperatorName = (typeof OPERATOR_NAMES)[number];

/** Every way to make a new candidate. */
export const OPERATORS = {
  reflect,
  clarify,
  tighten,
  restructure,
  condition_on_examples: conditionOnExamples,
  swap_examples: swapExamples,
  trim_examples: trimExamples,
  style,
  crossover,
  merge,
} as const satisfies Record<OperatorName, Operator>;

/** Names in `config.operators` that are no operator. */
export function unknownOperators(weights: Readonly<Record<string, number>>): string[] {
  return Object.keys(weights).filter((name) => !(OPERATOR_NAMES as readonly string[]).includes(name));
}
