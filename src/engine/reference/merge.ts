import type { Components } from "../../domain/spec.ts";
import type { Rng } from "../../base/rng.ts";
import { dominators, type Pool, type PoolEntry } from "./pool.ts";

/** merge.py: tries to find a pair, and tries to find a merge. */
const ATTEMPTS = 10;
/** Validation examples a merge is tried on. */
export const SUBSAMPLE = 5;

/** A merge to try. */
export interface Merge {
  readonly components: Components;
  readonly parents: readonly [number, number];
  readonly exampleIds: readonly string[];
}

/**
 * Every ancestor the parents of a merge share scored 0. gepa 0.1.4 draws one by score and ends its run here, after all
 * that was paid for it.
 */
export class MergeWeightsError extends Error {
  override readonly name = "MergeWeightsError";
}

/** What was merged before: triplets of parents and ancestor, and what was taken from whom. */
export interface MergeHistory {
  readonly triplets: Set<string>;
  readonly products: Set<string>;
}

/**
 * Proposes a merge of two candidates with a common ancestor, or nothing. Draws exactly as the reference, and throws
 * {@link MergeWeightsError} where it fails.
 */
export function proposeMerge(
  pool: Pool,
  history: MergeHistory,
  overlapFloor: number,
  rng: Rng,
): Merge | undefined {
  const candidates = [...dominators(pool).keys()].sort((a, b) => a - b);
  if (candidates.length < 2 || pool.entries.length < 3) return undefined;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const found = findPair(pool, candidates, history, rng);
    if (!found) continue;
    const [i, j, ancestor] = found;
    const { components, taken } = combine(pool, i, j, ancestor, rng);
    const product = JSON.stringify([i, j, taken]);
    if (history.products.has(product)) continue;
    const [a, b] = [entryOf(pool, i), entryOf(pool, j)];
    const common = [...a.scores.keys()].filter((id) => b.scores.has(id));
    if (common.length < overlapFloor) continue;
    history.products.add(product);
    history.triplets.add(JSON.stringify([i, j, ancestor]));
    return { components, parents: [i, j], exampleIds: subsample(a, b, common, rng) };
  }
  return undefined;
}

function entryOf(pool: Pool, i: number): PoolEntry {
  const entry = pool.entries[i];
  if (!entry) throw new Error(`no candidate ${i}`);
  return entry;
}

function ancestors(pool: Pool, i: number, found = new Set<number>()): Set<number> {
  for (const parent of entryOf(pool, i).parents) {
    if (found.has(parent)) continue;
    found.add(parent);
    ancestors(pool, parent, found);
  }
  return found;
}

function findPair(
  pool: Pool,
  candidates: readonly number[],
  history: MergeHistory,
  rng: Rng,
): readonly [number, number, number] | undefined {
  const meanOf = (i: number) => entryOf(pool, i).mean;
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const [i, j] = rng.sample(candidates, 2).sort((a, b) => a - b) as [number, number];
    const [ofI, ofJ] = [ancestors(pool, i), ancestors(pool, j)];
    if (ofI.has(j) || ofJ.has(i)) continue;
    const common = [...ofI]
      .filter((a) => ofJ.has(a))
      .sort((a, b) => a - b)
      .filter(
        (a) =>
          !history.triplets.has(JSON.stringify([i, j, a])) &&
          meanOf(a) <= meanOf(i) &&
          meanOf(a) <= meanOf(j) &&
          isDesirable(pool, i, j, a),
      );
    if (common.length === 0) continue;
    const weights = common.map(meanOf);
    if (!weights.some((weight) => weight > 0)) throw new MergeWeightsError();
    return [i, j, rng.weighted(common, weights)];
  }
  return undefined;
}

/** Some component was changed by exactly one of the two. */
function isDesirable(pool: Pool, i: number, j: number, ancestor: number): boolean {
  const [a, b, c] = [i, j, ancestor].map((x) => entryOf(pool, x).components) as [
    Components,
    Components,
    Components,
  ];
  return Object.keys(c).some((name) => (c[name] === a[name] || c[name] === b[name]) && a[name] !== b[name]);
}

function combine(
  pool: Pool,
  i: number,
  j: number,
  ancestor: number,
  rng: Rng,
): { readonly components: Components; readonly taken: readonly number[] } {
  const [a, b, c] = [entryOf(pool, i), entryOf(pool, j), entryOf(pool, ancestor)];
  const components: Record<string, string> = {};
  const taken: number[] = [];
  for (const name of Object.keys(c.components)) {
    const [textA, textB, textC] = [a.components[name], b.components[name], c.components[name]];
    let source = i;
    if ((textC === textA || textC === textB) && textA !== textB) source = textC === textA ? j : i;
    else if (textC !== textA && textC !== textB) {
      source = a.mean > b.mean ? i : b.mean > a.mean ? j : rng.choice([i, j]);
    }
    components[name] = entryOf(pool, source).components[name] ?? "";
    taken.push(source);
  }
  return { components, taken };
}

/** Examples from those the one wins, those the other wins and ties, two of each at most, then whatever is left. */
function subsample(a: PoolEntry, b: PoolEntry, common: readonly string[], rng: Rng): string[] {
  const difference = (id: string) => (a.scores.get(id) ?? 0) - (b.scores.get(id) ?? 0);
  const buckets = [
    common.filter((id) => difference(id) > 0),
    common.filter((id) => difference(id) < 0),
    common.filter((id) => difference(id) === 0),
  ];
  const perBucket = Math.ceil(SUBSAMPLE / buckets.length);
  const chosen: string[] = [];
  for (const bucket of buckets) {
    const take = Math.min(bucket.length, perBucket, SUBSAMPLE - chosen.length);
    if (take > 0) chosen.push(...rng.sample(bucket, take));
  }
  const missing = SUBSAMPLE - chosen.length;
  const unused = common.filter((id) => !chosen.includes(id));
  if (missing > 0 && unused.length >= missing) chosen.push(...rng.sample(unused, missing));
  else {
    for (let k = 0; k < missing; k++) {
      chosen.push(common[Math.floor(rng.random() * common.length)] as string);
    }
  }
  return chosen;
}
