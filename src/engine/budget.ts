import type { BudgetLine, BudgetName } from "../domain/budget.ts";
import type { StopReason } from "../domain/stop-reason.ts";
import type { Budget } from "../domain/spec.ts";

/** What work costs, or may cost at worst. */
export interface Cost {
  /** Candidate-on-example runs. */
  readonly metricCalls: number;
  /** Calls of any model. */
  readonly modelCalls: number;
  /** Input and output tokens of all models. */
  readonly tokens: number;
  /** US dollars; 0 where no price is known (a limit on dollars is refused there). */
  readonly costUsd: number;
}

/** Nothing. */
export const NO_COST: Cost = { metricCalls: 0, modelCalls: 0, tokens: 0, costUsd: 0 };

/** The sum of costs. */
export function addCosts(...costs: readonly Cost[]): Cost {
  return costs.reduce(
    (a, b) => ({
      metricCalls: a.metricCalls + b.metricCalls,
      modelCalls: a.modelCalls + b.modelCalls,
      tokens: a.tokens + b.tokens,
      costUsd: a.costUsd + b.costUsd,
    }),
    NO_COST,
  );
}

/** The cost of doing something `n` times. */
export function times(n: number, cost: Cost): Cost {
  return {
    metricCalls: n * cost.metricCalls,
    modelCalls: n * cost.modelCalls,
    tokens: n * cost.tokens,
    costUsd: n * cost.costUsd,
  };
}

/** Each limit of a cost with the name it has in a budget, in the order they are looked at. */
const LIMITS = [
  { name: "metric_calls", stop: "metric_calls", cost: "metricCalls", budget: "maxMetricCalls" },
  { name: "model_calls", stop: "model_calls", cost: "modelCalls", budget: "maxModelCalls" },
  { name: "tokens", stop: "tokens", cost: "tokens", budget: "maxTokens" },
  { name: "cost_usd", stop: "cost", cost: "costUsd", budget: "maxCostUsd" },
] as const satisfies readonly {
  name: BudgetName;
  stop: StopReason;
  cost: keyof Cost;
  budget: keyof Budget;
}[];

/**
 * The first limit that `cost` at its worst would break, on top of what is used and reserved; undefined if there is room.
 * Work is admitted only where this gives undefined, so that no limit is ever overshot.
 */
export function limitBrokenBy(budget: Budget, taken: Cost, cost: Cost): StopReason | undefined {
  return LIMITS.find((limit) => {
    const total = budget[limit.budget];
    return total !== undefined && taken[limit.cost] + cost[limit.cost] > total;
  })?.stop;
}

/** How many times `cost` fits into what is left, at most `wanted`. */
export function timesThatFit(budget: Budget, taken: Cost, cost: Cost, wanted: number): number {
  const fits = LIMITS.map((limit) => {
    const total = budget[limit.budget];
    if (total === undefined || cost[limit.cost] === 0) return wanted;
    return Math.floor((total - taken[limit.cost]) / cost[limit.cost]);
  });
  return Math.max(0, Math.min(wanted, ...fits));
}

/**
 * What has been used of each limit, the tightest first. Iterations and metric calls always show; wall time does not,
 * because it would differ from run to run (`timing` has it).
 */
export function budgetLines(budget: Budget, iterations: number, used: Cost): BudgetLine[] {
  const lines: BudgetLine[] = [{ name: "iterations", used: iterations, total: budget.maxIterations }];
  for (const limit of LIMITS) {
    const total = budget[limit.budget];
    if (total !== undefined) lines.push({ name: limit.name, used: used[limit.cost], total });
    else if (limit.name === "metric_calls") lines.push({ name: limit.name, used: used.metricCalls });
  }
  const share = (line: BudgetLine) => (line.total === undefined ? -1 : line.used / line.total);
  return lines.sort((a, b) => share(b) - share(a));
}
