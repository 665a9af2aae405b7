/** A set of candidates that are equally the best on one thing, in ascending order of their place in the pool. */
export type Front = readonly string[];

/** What a front needs to know of a candidate: its scores by key (an example, an objective, …). */
export interface Scored {
  readonly id: string;
  readonly scores: Readonly<Record<string, number>>;
}

/**
 * For each key the candidates nobody beats there (GEPA, algorithm 2: per-instance fronts). Comparison is exact, ties
 * share the front; a candidate without a score on a key is not compared there. Keys nobody has a score on are left out.
 */
export function frontsByKey(candidates: readonly Scored[], keys: readonly string[]): Map<string, Front> {
  const fronts = new Map<string, Front>();
  for (const key of keys) {
    let best = Number.NEGATIVE_INFINITY;
    let front: string[] = [];
    for (const { id, scores } of candidates) {
      const score = scores[key];
      if (score === undefined || score < best) continue;
      if (score > best) front = [];
      best = score;
      front.push(id);
    }
    if (front.length > 0) fronts.set(key, front);
  }
  return fronts;
}

/**
 * Takes out, worst first, every candidate that no front needs: each front that holds it also holds another one that is
 * still there. `worstFirst` holds every candidate of the fronts. Gives the fronts without them.
 *
 * One pass is enough where the reference restarts its scan after each removal: what stays once stays for good, because
 * fronts only lose members.
 */
export function withoutRedundant<Key, Id>(
  fronts: ReadonlyMap<Key, Iterable<Id>>,
  worstFirst: readonly Id[],
): Map<Key, Id[]> {
  const alive = new Map([...fronts].map(([key, front]) => [key, new Set(front)]));
  for (const id of worstFirst) {
    const holding = [...alive.values()].filter((front) => front.has(id));
    if (holding.some((front) => front.size === 1)) continue;
    for (const front of holding) front.delete(id);
  }
  return new Map([...alive].map(([key, front]) => [key, [...front]]));
}

/** On how many fronts each candidate stands; candidates on none are left out. */
export function frontCounts<Id>(fronts: ReadonlyMap<unknown, Iterable<Id>>): Map<Id, number> {
  const counts = new Map<Id, number>();
  for (const front of fronts.values()) {
    for (const id of front) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

/**
 * The indices of the points that no other one dominates, in order: another point dominates one where it is at least as
 * high in every coordinate and higher in one (vector dominance; Deb et al., NSGA-II, 2002). Equal points stay together.
 */
export function nonDominated(points: readonly (readonly number[])[]): number[] {
  const dominates = (a: readonly number[], b: readonly number[]) =>
    a.every((x, k) => x >= (b[k] ?? 0)) && a.some((x, k) => x > (b[k] ?? 0));
  return points.flatMap((point, i) => (points.some((other) => dominates(other, point)) ? [] : [i]));
}
