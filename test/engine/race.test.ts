import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { NO_COST } from "../../src/engine/budget.ts";
import type { Rollout } from "../../src/engine/evaluate.ts";
import type { Bar } from "../../src/engine/bar.ts";
import { blocksOf, race, type Entrant } from "../../src/engine/race.ts";

const order = Array.from({ length: 40 }, (_, i) => `e${i}`);
const blocks = blocksOf(order, true);
const bar: Bar = {
  scale: {
    expected: Object.fromEntries(order.map((id) => [id, 0.5])),
    level: 0.5,
    noise: 0.05,
    references: 3,
  },
  bestId: "c3",
  best: { mean: 0.5, variance: 0.001 },
  child: { mean: 0.5, variance: 0.007 },
  parent: { mean: 0.5, variance: 0.007 },
};
const entrant: Entrant = { blocks, bar, prior: bar.child, scores: {}, done: [], allowance: 100 };

async function run(score: (id: string) => number | undefined, changed: Partial<Entrant> = {}) {
  const asked: string[][] = [];
  await race({ ...entrant, ...changed }, async (ids) => {
    asked.push([...ids]);
    return ids.map((exampleId): Rollout => {
      const value = score(exampleId);
      return {
        evaluation: {
          exampleId,
          feedback: "",
          output: "",
          objectives: {},
          reused: false,
          ...(value === undefined ? {} : { score: value }),
        },
        cost: NO_COST,
      };
    });
  });
  return asked;
}

describe("the blocks of a validation", () => {
  it("are every example once, in order, none of them tiny", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 300 }), fc.boolean(), (n, racing) => {
        const ids = Array.from({ length: n }, (_, i) => `v${i}`);
        const found = blocksOf(ids, racing);
        expect(found.flat()).toEqual(ids);
        expect(found.length <= 1 || found.every((b) => b.length >= 5)).toBe(true);
      }),
    );
    expect(blocks.length).toBeGreaterThan(1);
    expect(blocksOf(order, false)).toEqual([order]);
  });
});

describe("a race", () => {
  it("goes to the end for whoever is as good as the best, and stops for whoever clearly is not", async () => {
    expect((await run(() => 0.55)).flat()).toEqual(order);
    expect(await run(() => 0)).toEqual([blocks[0]]);
  });

  it("does not judge by failed calls", async () => {
    const [first = []] = blocks;
    const asked = await run((id) => (first.includes(id) ? undefined : 0.6));
    expect(asked.flat()).toEqual(order);
  });

  it("keeps within its allowance", async () => {
    expect((await run(() => 1, { allowance: 9 })).flat()).toEqual(order.slice(0, 9));
    expect(await run(() => 1, { allowance: 0 })).toEqual([]);
  });

  it("takes up where it was left, and asks for nothing twice", async () => {
    const done = order.slice(0, 12);
    const scores = Object.fromEntries(done.map((id) => [id, 0.6]));
    expect((await run(() => 0.6, { done, scores })).flat()).toEqual(order.slice(12));
    const poor = Object.fromEntries(done.map((id) => [id, 0]));
    expect(await run(() => 0.6, { done, scores: poor })).toEqual([]);
  });
});
