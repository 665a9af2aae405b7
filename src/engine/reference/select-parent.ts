import type { Rng } from "../../base/rng.ts";
import { dominators, type Pool } from "./pool.ts";
import type { ReferenceOptions } from "./ports.ts";

/** Chooses a parent as the reference does (candidate_selector.py), draw for draw. */
export function selectParent(
  { selector, epsilon, topK }: Pick<ReferenceOptions, "selector" | "epsilon" | "topK">,
  pool: Pool,
  rng: Rng,
): number {
  switch (selector) {
    case "pareto":
      return drawFromFronts(pool, pool.fronts(), rng);
    case "current_best":
      return firstBest(pool);
    case "epsilon_greedy":
      return rng.random() < epsilon ? rng.below(pool.entries.length) : firstBest(pool);
    case "top_k_pareto": {
      const meanOf = (i: number) => pool.entries[i]?.mean ?? Number.NEGATIVE_INFINITY;
      const top = new Set(
        [...pool.entries.keys()].sort((a, b) => meanOf(b) - meanOf(a) || a - b).slice(0, topK),
      );
      const fronts = new Map<string, number[]>();
      for (const [key, front] of pool.fronts()) {
        const kept = front.filter((i) => top.has(i));
        if (kept.length > 0) fronts.set(key, kept);
      }
      return fronts.size === 0 ? firstBest(pool) : drawFromFronts(pool, fronts, rng);
    }
  }
}

/** One uniform draw from a list that holds every remaining candidate once per front. */
function drawFromFronts(pool: Pool, fronts: Map<string, number[]>, rng: Rng): number {
  const counts = dominators(pool, fronts);
  return rng.choice([...counts].flatMap(([id, count]) => Array<number>(count).fill(id)));
}

function firstBest(pool: Pool): number {
  let best = 0;
  for (const [i, entry] of pool.entries.entries()) {
    if (entry.mean > (pool.entries[best]?.mean ?? Number.NEGATIVE_INFINITY)) best = i;
  }
  return best;
}
