/** One limit and what has been used of it. */
export interface BudgetLine {
  readonly name: BudgetName;
  readonly used: number;
  readonly total?: number;
}

/** Limits that decisions count. Running time is another one: it differs from run to run and stands in the timing. */
export type BudgetName = "iterations" | "metric_calls" | "model_calls" | "tokens" | "cost_usd";

/** What a budget buys. Expected values unless the name says otherwise. An iteration may make several proposals. */
export interface Plan {
  readonly iterations: number;
  readonly proposals: number;
  readonly metricCalls: number;
  readonly maxMetricCalls: number;
  readonly modelCalls: number;
  readonly tokens: number;
  readonly costUsdLow?: number;
  readonly costUsdHigh?: number;
}

/** How the examples are divided, by id. */
export interface Splits {
  readonly train: readonly string[];
  readonly validation: readonly string[];
  readonly test: readonly string[];
  /** "shared": too few examples, all serve as train and validation and nothing is left to test on. */
  readonly policy: "given" | "shared" | "shuffled";
}

/** Share used of the tightest limit, in [0, 1]; 0 where there is none. */
export function budgetFraction(lines: readonly BudgetLine[]): number {
  return Math.min(1, Math.max(0, ...lines.map((l) => (l.total === undefined ? 0 : l.used / l.total))));
}
