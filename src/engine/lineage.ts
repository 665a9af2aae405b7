import type { Member } from "./state.ts";

/** Every ancestor of a candidate, itself not included. All parents are in the pool, for only members become parents. */
export function ancestorsOf(pool: readonly Member[], id: string): Set<string> {
  const byId = new Map(pool.map((m) => [m.id, m]));
  const found = new Set<string>();
  const visit = (member: Member | undefined) => {
    for (const parent of member?.parentIds ?? []) {
      if (found.has(parent)) continue;
      found.add(parent);
      visit(byId.get(parent));
    }
  };
  visit(byId.get(id));
  return found;
}

/** A partner for a candidate. */
export interface Mate {
  readonly mate: Member;
  readonly ancestor: Member;
}

/**
 * The partner that complements a candidate best: of another line (neither is the other's ancestor), better on some
 * examples and worse on others, and fertile; of several the one better on the most, of equal ones the older.
 */
export function findMate(
  pool: readonly Member[],
  frontIds: ReadonlySet<string>,
  parent: Member,
  validation: readonly string[],
  isFertile: (mate: Mate) => boolean,
): Mate | undefined {
  const own = ancestorsOf(pool, parent.id);
  let best: (Mate & { readonly gains: number }) | undefined;
  for (const mate of pool) {
    if (mate.id === parent.id || !frontIds.has(mate.id) || own.has(mate.id)) continue;
    const theirs = ancestorsOf(pool, mate.id);
    if (theirs.has(parent.id)) continue;
    const ancestor = pool.findLast((m) => own.has(m.id) && theirs.has(m.id));
    if (!ancestor) continue;
    let gains = 0;
    let losses = 0;
    for (const id of validation) {
      const [a, b] = [parent.scores[id], mate.scores[id]];
      if (a === undefined || b === undefined) continue;
      if (b > a) gains++;
      if (b < a) losses++;
    }
    if (losses === 0 || gains <= (best?.gains ?? 0)) continue;
    if (isFertile({ mate, ancestor })) best = { mate, ancestor, gains };
  }
  return best && { mate: best.mate, ancestor: best.ancestor };
}
