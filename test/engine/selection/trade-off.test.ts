import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { nonDominated } from "../../../src/engine/pareto.ts";
import { drawTradeOff } from "../../../src/engine/selection/trade-off.ts";

/** How often each point is taken. */
function shares(points: readonly number[][], draws = 2000): number[] {
  const rng = createRng({ seed: 5 });
  const counts = points.map(() => 0);
  for (let i = 0; i < draws; i++) {
    const chosen = drawTradeOff(points, rng) ?? -1;
    counts[chosen] = (counts[chosen] ?? 0) + 1 / draws;
  }
  return counts;
}

describe("a trade-off drawn at random", () => {
  it("takes the highest where there is one coordinate, the first of equals", () => {
    expect(shares([[0.2], [0.7], [0.7], [0.1]])).toEqual([0, expect.closeTo(1), 0, 0]);
    expect(drawTradeOff([], createRng({ seed: 1 }))).toBeUndefined();
  });

  it("never takes a point that another one beats", () => {
    const coordinate = fc.oneof(fc.nat(4), fc.constant(Number.NEGATIVE_INFINITY));
    const points = fc
      .integer({ min: 1, max: 4 })
      .chain((k) => fc.array(fc.array(coordinate, { minLength: k, maxLength: k }), { minLength: 1 }));
    fc.assert(
      fc.property(points, fc.nat(), (some, seed) => {
        const worst = (k: number) => Math.min(...some.map((p) => p[k] ?? 0).filter(Number.isFinite));
        const counted = some.map((p) => p.map((x, k) => Math.max(x, worst(k))));
        expect(nonDominated(counted)).toContain(drawTradeOff(some, createRng({ seed })));
      }),
    );
  });

  it("gives every part of a front its turn, one that no weighted sum would find too", () => {
    const [best, hollow, shortest, beaten] = shares([
      [1, -400],
      [0.4, -120],
      [0, -10],
      [0.3, -300],
    ]);
    for (const share of [best, hollow, shortest]) expect(share).toBeGreaterThan(0.01);
    expect(beaten).toBe(0);
  });

  it("lets the first coordinate weigh eight times as much as all others together", () => {
    // Of two exponential weights with means 8 and 1 the second is the larger one in one of nine draws.
    const [best] = shares([
      [1, 0],
      [0, 1],
    ]);
    expect(best).toBeCloseTo(8 / 9, 1);
    const [still] = shares([
      [1, 0, 0, 0],
      [0, 1, 1, 1],
    ]);
    expect(still).toBeGreaterThan(8 / 9);
  });

  it("does not mind in which units coordinates are, and counts what was not measured as the worst", () => {
    const points = [
      [0.5, -100],
      [0.6, Number.NEGATIVE_INFINITY],
      [0.4, -50],
    ];
    expect(shares(points.map(([a = 0, b = 0]) => [a, b * 1000]))).toEqual(shares(points));
    expect(shares(points.map(([a = 0, b = 0]) => [a, Math.max(b, -100)]))).toEqual(shares(points));
  });
});
