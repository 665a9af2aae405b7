import type { GradeCost } from "./grader.ts";

/** What several calls cost together; without a sum of money where one of them has no known price. */
export function sumCosts(costs: readonly GradeCost[]): GradeCost {
  const known = costs.flatMap(({ costUsd }) => (costUsd === undefined ? [] : [costUsd]));
  return {
    modelCalls: costs.reduce((sum, cost) => sum + cost.modelCalls, 0),
    tokens: costs.reduce((sum, cost) => sum + cost.tokens, 0),
    ...(known.length === costs.length ? { costUsd: known.reduce((sum, usd) => sum + usd, 0) } : {}),
  };
}
