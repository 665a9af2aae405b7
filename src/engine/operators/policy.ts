import type { Rng } from "../../base/rng.ts";
import type { OperatorRecord } from "../state.ts";
import type { Operator, OperatorView } from "./operator.ts";
import { OPERATOR_NAMES, OPERATORS } from "./registry.ts";

/**
 * Chooses an operator: the caller's weight, or its own, times how well it has done so far (successes + 1 over
 * tries + 2, so that one bad try silences nobody). Where nothing that applies has weight it is plain reflection.
 */
export function chooseOperator(
  view: OperatorView,
  weights: Readonly<Record<string, number>>,
  records: Readonly<Record<string, OperatorRecord>>,
  rng: Rng,
): Operator {
  const usable = OPERATOR_NAMES.map((name): Operator => OPERATORS[name]).filter((o) => o.applies(view));
  const weighted = usable.map(({ name, weight }) => {
    const { tries, successes } = records[name] ?? { tries: 0, successes: 0 };
    return (weights[name] ?? weight) * ((successes + 1) / (tries + 2));
  });
  return weighted.some((w) => w > 0) ? rng.weighted(usable, weighted) : OPERATORS.reflect;
}
