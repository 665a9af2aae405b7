import { expect, it } from "vitest";
import fc from "fast-check";
import { frontCounts, frontsByKey, withoutRedundant, type Scored } from "../../src/engine/pareto.ts";

const KEYS = ["a", "b", "c", "d"];

const pools: fc.Arbitrary<Scored[]> = fc
  .array(fc.dictionary(fc.constantFrom(...KEYS), fc.constantFrom(0, 0.5, 1)), { maxLength: 7 })
  .map((scores) => scores.map((s, i) => ({ id: `c${i}`, scores: s })));

it("puts on a front exactly the candidates nobody beats there", () => {
  fc.assert(
    fc.property(pools, (pool) => {
      const fronts = frontsByKey(pool, KEYS);
      for (const key of KEYS) {
        const scored = pool.filter((c) => c.scores[key] !== undefined);
        const brute = scored.filter((c) =>
          scored.every((other) => (other.scores[key] ?? 0) <= (c.scores[key] ?? 0)),
        );
        expect(fronts.get(key) ?? []).toEqual(brute.map((c) => c.id));
      }
    }),
  );
});

it("leaves on every front somebody, and nobody whom no front needs", () => {
  fc.assert(
    fc.property(pools, (pool) => {
      const fronts = frontsByKey(pool, KEYS);
      const order = pool.map((c) => c.id);
      const left = withoutRedundant(fronts, order);
      expect([...left.keys()]).toEqual([...fronts.keys()]);
      expect([...left.values()].every((front) => front.length > 0)).toBe(true);
      for (const id of frontCounts(left).keys()) {
        expect([...left.values()].some((front) => front.length === 1 && front[0] === id)).toBe(true);
      }
    }),
  );
});

it("agrees with the scan of gepa 0.1.4, which starts over after each removal", () => {
  fc.assert(
    fc.property(pools, (pool) => {
      const fronts = frontsByKey(pool, KEYS);
      const order = [...frontCounts(fronts).keys()].reverse();
      const alive = new Map([...fronts].map(([key, front]) => [key, new Set(front)]));
      const removable = (id: string) => {
        const holding = [...alive.values()].filter((front) => front.has(id));
        return holding.length > 0 && holding.every((front) => front.size > 1);
      };
      for (let y = order.find(removable); y !== undefined; y = order.find(removable)) {
        for (const front of alive.values()) front.delete(y);
      }
      expect(withoutRedundant(fronts, order)).toEqual(new Map([...alive].map(([k, f]) => [k, [...f]])));
    }),
  );
});
