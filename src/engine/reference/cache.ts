import type { Components } from "../../domain/spec.ts";
import { contentOf } from "./pool.ts";
import type { Batch } from "./ports.ts";

interface Cached<R> {
  readonly score: number;
  readonly objectives?: Readonly<Record<string, number>>;
  readonly record: R;
}

/** state.py's evaluation cache: by text, split and example. Off unless asked for, as in the reference. */
export interface EvaluationCache<R> {
  put(split: string, candidate: Components, exampleIds: readonly string[], batch: Batch<R>): void;
  /** What is known, in the order asked, and what is not. */
  get(
    split: string,
    candidate: Components,
    exampleIds: readonly string[],
  ): { readonly knownIds: readonly string[]; readonly known: Batch<R>; readonly missing: readonly string[] };
}

/** A cache; one that is off knows nothing. */
export function createCache<R>(isOn: boolean): EvaluationCache<R> {
  const cache = new Map<string, Cached<R>>();
  const keyOf = (split: string, candidate: Components, id: string) =>
    JSON.stringify([split, contentOf(candidate), id]);
  return {
    put(split, candidate, exampleIds, batch) {
      if (!isOn) return;
      for (const [i, id] of exampleIds.entries()) {
        const objectives = batch.objectives?.[i];
        cache.set(keyOf(split, candidate, id), {
          score: batch.scores[i] ?? 0,
          ...(objectives ? { objectives } : {}),
          record: batch.records[i] as R,
        });
      }
    },
    get(split, candidate, exampleIds) {
      const hits = exampleIds.flatMap((id) => {
        const hit = cache.get(keyOf(split, candidate, id));
        return hit ? [{ id, hit }] : [];
      });
      const knownIds = hits.map((h) => h.id);
      const objectives = hits.map(({ hit }) => hit.objectives ?? {});
      const hasObjectives = hits.some(({ hit }) => hit.objectives !== undefined);
      return {
        knownIds,
        known: {
          scores: hits.map(({ hit }) => hit.score),
          ...(hasObjectives ? { objectives } : {}),
          records: hits.map(({ hit }) => hit.record),
        },
        missing: exampleIds.filter((id) => !knownIds.includes(id)),
      };
    },
  };
}

/** One batch after the other. */
export function joinBatches<R>(a: Batch<R>, b: Batch<R>): Batch<R> {
  const objectives = [...(a.objectives ?? []), ...(b.objectives ?? [])];
  return {
    scores: [...a.scores, ...b.scores],
    ...(a.objectives || b.objectives ? { objectives } : {}),
    records: [...a.records, ...b.records],
  };
}
