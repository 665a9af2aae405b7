import type { Selection } from "../../domain/spec.ts";
import { currentBest } from "./current-best.ts";
import { epsilonGreedy } from "./epsilon-greedy.ts";
import { pareto } from "./pareto.ts";
import type { Selector } from "./selector.ts";
import { topKPareto } from "./top-k-pareto.ts";

/** Every way to choose a parent, by its name in a request. */
export const SELECTORS = {
  pareto,
  current_best: currentBest,
  epsilon_greedy: epsilonGreedy,
  top_k_pareto: topKPareto,
} as const satisfies Record<Selection, Selector>;
