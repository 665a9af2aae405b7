import { frontOf, meanOver } from "../standing.ts";
import { pareto } from "./pareto.ts";
import type { Selector } from "./selector.ts";

/** How many of the best may be drawn; the value of gepa 0.1.4. */
const TOP_K = 5;

/** Draws from the front among the best few by mean score; of equal ones the older count as better. */
export const topKPareto: Selector = (view, rng) => {
  const mean = (id: number) => {
    const member = view.pool[id];
    return member
      ? (meanOver(member, view.validation) ?? Number.NEGATIVE_INFINITY)
      : Number.NEGATIVE_INFINITY;
  };
  const top = [...view.pool.keys()].sort((a, b) => mean(b) - mean(a) || a - b).slice(0, TOP_K);
  const members = view.pool.filter((_, i) => top.includes(i));
  return pareto({ ...view, pool: members, front: frontOf(members, view.validation) }, rng);
};
