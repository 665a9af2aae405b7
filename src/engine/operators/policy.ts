import type { Rng } from "../../base/rng.ts";
import type { Credit } from "./credit.ts";
import type { Operator, OperatorView } from "./operator.ts";
import { OPERATOR_NAMES, OPERATORS } from "./registry.ts";

/**
 * Chooses an operator: the caller's weight, or its own, times what it is credited with. Where nothing that applies has
 * weight it is plain reflection.
 */
export function chooseOperator(
  view: OperatorView,
  weights: Readonly<Record<string, number>>,
  credit: Credit,
  rng: Rng,
): Operator {
  const usable = OPERATOR_NAMES.map((name): Operator => OPERATORS[name]).filter((o) => o.applies(view));
  const weighted = usable.map(({ name, weight }) => (weights[name] ?? weight) * credit(name));
  return weighted.some((w) => w > 0) ? rng.weighted(usable, weighted) : OPERATORS.reflect;
}
