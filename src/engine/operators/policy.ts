import type { Rng } from "../../base/rng.ts";
import type { Credit } from "./credit.ts";
import type { Operator, OperatorView } from "./operator.ts";
import { OPERATOR_NAMES, OPERATORS } from "./registry.ts";

/**
 * Chooses an operator: the caller's weight, or its own, times what it is credited with. Those that could not make a
 * proposal just now are passed over where there are others. Where nothing that applies has weight it is plain reflection.
 */
export function chooseOperator(
  view: OperatorView,
  weights: Readonly<Record<string, number>>,
  credit: Credit,
  unmade: readonly string[],
  rng: Rng,
): Operator {
  const usable = OPERATOR_NAMES.map((name): Operator => OPERATORS[name]).filter((o) => o.applies(view));
  const fresh = usable.filter(({ name }) => !unmade.includes(name));
  for (const operators of [fresh, usable]) {
    const weighted = operators.map(({ name, weight }) => (weights[name] ?? weight) * credit(name));
    if (weighted.some((w) => w > 0)) return rng.weighted(operators, weighted);
  }
  return OPERATORS.reflect;
}
