import { describe, expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { SELECTORS } from "../../../src/engine/selection/registry.ts";
import type { SelectionView } from "../../../src/engine/selection/selector.ts";
import { frontOf } from "../../../src/engine/standing.ts";
import { member } from "../../support/members.ts";

const validation = ["a", "b", "c", "d"];
const text = (prompt: string) => ({ components: { prompt } });
const pool = [
  member("c0", { a: 0, b: 0, c: 0, d: 0 }, text("Answer the question.")),
  member("c1", { a: 1, b: 1, c: 0, d: 0 }, text("Answer the question and name the owner of it.")),
  member("c2", { a: 0, b: 0, c: 1, d: 0 }, text("Answer the question and name the cost of it.")),
  member("c3", { a: 0, b: 0, c: 0, d: 1 }, text("Poems about rivers, three lines each.")),
];
const view = { pool, validation, front: frontOf(pool, validation), bestId: "c1" };

function frequencies(
  name: keyof typeof SELECTORS,
  seen: SelectionView = view,
  draws = 4000,
): Map<string, number> {
  const rng = createRng({ seed: 11 });
  const counts = new Map<string, number>();
  for (let i = 0; i < draws; i++) {
    const id = SELECTORS[name](seen, rng);
    counts.set(id, (counts.get(id) ?? 0) + 1 / draws);
  }
  return counts;
}

describe("selection", () => {
  it("draws from the front by the examples each wins", () => {
    const drawn = frequencies("pareto");
    expect([...drawn.keys()].sort()).toEqual(["c1", "c2", "c3"]);
    expect(drawn.get("c1")).toBeCloseTo(1 / 2, 1);
    expect(drawn.get("c2")).toBeCloseTo(1 / 4, 1);
    expect(drawn.get("c3")).toBeCloseTo(1 / 4, 1);
  });

  it("draws by what is believed of each candidate, on the front or not, the sure and good ones most often", () => {
    const belief = (mean: number, variance: number) => ({ mean, variance });
    const of = new Map([
      ["c0", belief(0.3, 0.0001)],
      ["c1", belief(0.5, 0.01)],
      ["c2", belief(0.48, 0.01)],
    ]);
    const scale = { expected: {}, level: 0.5, noise: 0.1, references: 1 };
    const drawn = frequencies("pareto", { ...view, beliefs: { of, scale } });
    expect([...drawn.keys()].sort()).toEqual(["c1", "c2"]);
    expect(drawn.get("c1")).toBeGreaterThan(0.55);
    expect(drawn.get("c2")).toBeGreaterThan(0.3);
  });

  it("gives the objectives a caller named their turn beside what is believed", () => {
    const of = new Map(pool.map(({ id }, i) => [id, { mean: 0.6 - i / 10, variance: 1e-6 }]));
    const scale = { expected: {}, level: 0.5, noise: 0.1, references: 1 };
    const believed = { ...view, beliefs: { of, scale } };
    expect([...frequencies("pareto", believed).keys()]).toEqual(["c0"]);
    const goals = new Map([
      ["c0", [-90]],
      ["c1", [-50]],
      ["c2", [-95]],
      ["c3", [-10]],
    ]);
    const drawn = frequencies("pareto", { ...believed, goals });
    expect([...drawn.keys()].sort()).toEqual(["c0", "c1", "c3"]);
    expect(drawn.get("c0")).toBeGreaterThan(0.5);
  });

  it("takes the best always, or nearly always", () => {
    expect([...frequencies("current_best")]).toEqual([["c1", expect.closeTo(1)]]);
    const drawn = frequencies("epsilon_greedy");
    expect(drawn.get("c1")).toBeCloseTo(0.9 + 0.1 / 4, 1);
    expect([...drawn.keys()].sort()).toEqual(["c0", "c1", "c2", "c3"]);
  });

  it("leaves out whoever is not among the few best", () => {
    const many = Array.from({ length: 7 }, (_, i) => member(`c${i}`, { [`x${i}`]: 1 - i / 10 }));
    const keys = many.map((_, i) => `x${i}`);
    const rng = createRng({ seed: 3 });
    const wide = { pool: many, validation: keys, front: frontOf(many, keys), bestId: "c0" };
    const drawn = new Set(Array.from({ length: 300 }, () => SELECTORS.top_k_pareto(wide, rng)));
    expect([...drawn].sort()).toEqual(["c0", "c1", "c2", "c3", "c4"]);
  });

  it("falls back on the best where nobody has a score", () => {
    const blank = [member("c0", {})];
    for (const select of Object.values(SELECTORS)) {
      expect(
        select(
          { pool: blank, validation, front: frontOf(blank, validation), bestId: "c0" },
          createRng({ seed: 1 }),
        ),
      ).toBe("c0");
    }
  });
});
