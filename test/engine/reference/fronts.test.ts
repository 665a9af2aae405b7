import { describe, expect, it } from "vitest";
import type { FrontierType } from "../../../src/domain/reference-config.ts";
import { createPool, dominators, type Pool } from "../../../src/engine/reference/pool.ts";
import { REFERENCE_DEFAULTS, type ReferenceOptions } from "../../../src/engine/reference/ports.ts";
import { selectParent } from "../../../src/engine/reference/select-parent.ts";
import { firstRng } from "../../support/first-rng.ts";

type Objectives = Readonly<Record<string, number>>;

/** Examples x and y, objectives p and q; the means of the candidates are 0.5, 0.7 and 0.45. */
const CANDIDATES: readonly (readonly [x: number, y: number, objectives: readonly Objectives[]])[] = [
  [
    0.5,
    0.5,
    [
      { p: 1, q: 0 },
      { p: 0, q: 1 },
    ],
  ],
  [
    0.9,
    0.5,
    [
      { p: 1, q: 1 },
      { p: 1, q: 0 },
    ],
  ],
  [
    0.5,
    0.4,
    [
      { p: 0, q: 1 },
      { p: 0, q: 1 },
    ],
  ],
];

function poolOf(frontier: FrontierType, candidates = CANDIDATES): Pool {
  const pool = createPool(frontier);
  for (const [x, y, objectives] of candidates) {
    const scores = new Map([
      ["x", x],
      ["y", y],
    ]);
    pool.add({ components: { a: "" }, parents: [], scores, discoveredAt: 0, pointer: 0 }, objectives);
  }
  return pool;
}

describe("a front", () => {
  const fronts: Readonly<Record<FrontierType, readonly (readonly number[])[]>> = {
    instance: [[1], [0, 1]],
    objective: [[1], [2]],
    hybrid: [[1], [0, 1], [1], [2]],
    cartesian: [[0, 1], [1, 2], [1], [0, 2]],
  };
  for (const [type, expected] of Object.entries(fronts)) {
    it(`of type ${type} holds who is best on each of its keys, ties included`, () => {
      const pool = poolOf(type as FrontierType);
      expect([...pool.fronts().values()]).toEqual(expected);
      expect(pool.onFront()).toEqual([...new Set(expected.flat())].sort());
    });
  }

  it("is compared exactly: what differs by rounding does not share it", () => {
    const pool = poolOf("instance", [
      [0.3, 0, []],
      [0.1 + 0.2, 0, []],
    ]);
    expect([...pool.fronts().values()]).toEqual([[1], [0, 1]]);
  });

  it("over objectives refuses candidates without any, as the reference does", () => {
    const entry = { components: {}, parents: [], scores: new Map(), discoveredAt: 0, pointer: 0 };
    expect(() => createPool("objective").add(entry, undefined)).toThrow("needs objective scores");
  });

  it("loses whoever is not needed to cover it, the worst first, even where no single one is better", () => {
    // 2 shares one front with 1 and the other with 0; once it is gone, 0 alone holds (y, q).
    expect([...dominators(poolOf("cartesian"))]).toEqual([
      [0, 2],
      [1, 3],
    ]);
    expect([...dominators(poolOf("instance"))]).toEqual([[1, 2]]);
  });
});

describe("a parent is chosen", () => {
  const options = (rest: Partial<ReferenceOptions>) => ({ ...REFERENCE_DEFAULTS, ...rest });
  /** Every candidate the draw can give, as often as it stands in it. */
  const drawnFrom = (rest: Partial<ReferenceOptions>, pool: Pool): readonly unknown[] => {
    let drawn: readonly unknown[] = [];
    const choice = <T>(items: readonly T[]): T => {
      drawn = items;
      return items[0] as T;
    };
    selectParent(options(rest), pool, firstRng({ choice }));
    return drawn;
  };

  it("from the front, once for each part of it that it holds", () => {
    expect(drawnFrom({ selector: "pareto" }, poolOf("cartesian"))).toEqual([0, 0, 1, 1, 1]);
  });

  it("from the fronts of the k best by mean, or as the best where those are on none", () => {
    expect(drawnFrom({ selector: "top_k_pareto", topK: 1 }, poolOf("hybrid"))).toEqual([1, 1, 1]);
    expect(drawnFrom({ selector: "top_k_pareto", topK: 2 }, poolOf("cartesian"))).toEqual([0, 0, 1, 1, 1]);
    const apart = poolOf("objective", [
      [0.9, 0.9, [{ p: 0 }, { p: 0 }]],
      [0.1, 0.1, [{ p: 1 }, { p: 1 }]],
    ]);
    const choice = () => expect.unreachable("nothing is left to draw from");
    expect(selectParent(options({ selector: "top_k_pareto", topK: 1 }), apart, firstRng({ choice }))).toBe(0);
  });

  it("as the first of the best, always or but for a share of epsilon", () => {
    const pool = poolOf("instance", [...CANDIDATES, [0.9, 0.5, []]]);
    const rng = firstRng({ random: () => 0.15, below: (n) => n - 1 });
    expect(selectParent(options({ selector: "current_best" }), pool, rng)).toBe(1);
    expect(selectParent(options({ selector: "epsilon_greedy" }), pool, rng)).toBe(1);
    expect(selectParent(options({ selector: "epsilon_greedy", epsilon: 0.2 }), pool, rng)).toBe(3);
  });
});
