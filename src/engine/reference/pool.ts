import { componentNames, type Components } from "../../domain/spec.ts";
import type { FrontierType } from "../../domain/reference-config.ts";
import { frontCounts, withoutRedundant } from "../pareto.ts";
import type { Batch } from "./ports.ts";

/** A candidate of the reference's pool. */
export interface PoolEntry {
  readonly components: Components;
  readonly parents: readonly number[];
  /** By example, in the order evaluated: the mean sums them in that order. */
  readonly scores: ReadonlyMap<string, number>;
  readonly mean: number;
  /** Metric calls used before its validation was charged. */
  readonly discoveredAt: number;
  /** The component it changes next (round robin). */
  pointer: number;
}

/** The best score on a key and who has it. */
interface Holder {
  best: number;
  readonly candidates: Set<number>;
}

/** The pool with its fronts (state.py): candidates are only added, and leave a front only by being beaten. */
export interface Pool {
  readonly entries: readonly PoolEntry[];
  add(
    entry: Omit<PoolEntry, "mean">,
    objectives: readonly Readonly<Record<string, number>>[] | undefined,
  ): void;
  /** The fronts that selection and merge look at, each ascending. */
  fronts(): Map<string, number[]>;
  /** Everybody on one of them, ascending. */
  onFront(): number[];
  /** The best by mean; more coverage, then the lower number breaks ties. */
  best(): number;
}

/** An empty pool. Throws on the first candidate without objective scores where the frontier needs them. */
export function createPool(frontier: FrontierType): Pool {
  const entries: PoolEntry[] = [];
  const instance = new Map<string, Holder>();
  const objective = new Map<string, Holder>();
  const cartesian = new Map<string, Holder>();
  const mappings = {
    instance: [instance],
    objective: [objective],
    hybrid: [instance, objective],
    cartesian: [cartesian],
  } as const satisfies Record<FrontierType, readonly Map<string, Holder>[]>;

  const fronts = () => {
    const all = mappings[frontier].flatMap((mapping, m) =>
      [...mapping].map(
        ([key, holder]) => [`${m}/${key}`, [...holder.candidates].sort((a, b) => a - b)] as const,
      ),
    );
    return new Map(all);
  };
  return {
    entries,
    add(entry, objectives) {
      if (frontier !== "instance" && !objectives)
        throw new Error(`frontier ${frontier} needs objective scores`);
      const id = entries.length;
      entries.push({ ...entry, mean: mean([...entry.scores.values()]) });
      for (const [exampleId, score] of entry.scores) update(instance, exampleId, score, id);
      const byObjective = new Map<string, number[]>();
      for (const [i, exampleId] of [...entry.scores.keys()].entries()) {
        for (const [name, score] of Object.entries(objectives?.[i] ?? {})) {
          byObjective.set(name, [...(byObjective.get(name) ?? []), score]);
          if (frontier === "cartesian") update(cartesian, `${exampleId}/${name}`, score, id);
        }
      }
      for (const [name, scores] of byObjective) update(objective, name, mean(scores), id);
    },
    fronts,
    onFront: () => [...new Set([...fronts().values()].flat())].sort((a, b) => a - b),
    best() {
      let best = 0;
      for (const [i, entry] of entries.entries()) {
        const holder = entries[best] as PoolEntry;
        const further = entry.mean === holder.mean && entry.scores.size > holder.scores.size;
        if (entry.mean > holder.mean || further) best = i;
      }
      return best;
    },
  };
}

/** Mean in the order given; −∞ of nothing. */
export function mean(values: readonly number[]): number {
  if (values.length === 0) return Number.NEGATIVE_INFINITY;
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** Exact comparison, as in the reference: a higher score takes the front, an equal one shares it. */
function update(mapping: Map<string, Holder>, key: string, score: number, id: number): void {
  const holder = mapping.get(key);
  if (!holder || score > holder.best) mapping.set(key, { best: score, candidates: new Set([id]) });
  else if (score === holder.best) holder.candidates.add(id);
}

/** The fronts without redundant members, and those members' number of fronts in the order they first appear. */
export function dominators(pool: Pool, fronts = pool.fronts()): Map<number, number> {
  const programs = [...frontCounts(fronts).keys()];
  const worstFirst = programs.sort((a, b) => (pool.entries[a]?.mean ?? 0) - (pool.entries[b]?.mean ?? 0));
  return frontCounts(withoutRedundant(fronts, worstFirst));
}

/** Texts in the order of names, for comparing candidates and for cache keys. */
export function contentOf(components: Components): string {
  return JSON.stringify(componentNames(components).map((name) => [name, components[name]]));
}

/** Scores of a batch by example; of an example given twice the later one. */
export function scoresById<R>(exampleIds: readonly string[], batch: Batch<R>): Map<string, number> {
  return new Map(exampleIds.map((id, i) => [id, batch.scores[i] ?? 0]));
}
