import { describe, expect, it } from "vitest";
import type { Components } from "../../../src/domain/spec.ts";
import { MergeWeightsError, proposeMerge, type MergeHistory } from "../../../src/engine/reference/merge.ts";
import { createPool, type Pool } from "../../../src/engine/reference/pool.ts";
import { firstRng } from "../../support/first-rng.ts";

interface Entry {
  readonly components: Components;
  readonly parents: readonly number[];
  readonly scores: Readonly<Record<string, number>>;
}

function poolOf(...entries: readonly Entry[]): Pool {
  const pool = createPool("instance");
  for (const { scores, ...entry } of entries) {
    pool.add({ ...entry, scores: new Map(Object.entries(scores)), discoveredAt: 0, pointer: 0 }, undefined);
  }
  return pool;
}

const history = (): MergeHistory => ({ triplets: new Set(), products: new Set() });
const on = (ids: string, score: number) => Object.fromEntries(ids.split("").map((id) => [id, score]));

/** The left one is better on abcdef, the right one on g; they tie on hijk. */
const SEED: Entry = { components: { a: "A", b: "B", c: "C" }, parents: [], scores: on("abcdefghijk", 0.1) };
const LEFT: Entry = {
  components: { a: "A1", b: "B", c: "C1" },
  parents: [0],
  scores: { ...on("abcdef", 0.9), ...on("g", 0.2), ...on("hijk", 0.5) },
};
const RIGHT: Entry = {
  components: { a: "A", b: "B1", c: "C2" },
  parents: [0],
  scores: { ...on("abcdef", 0.4), ...on("g", 0.9), ...on("hijk", 0.5) },
};

/** The three of them, scored on some of the examples only. */
function familyOn(ids: string): Pool {
  const within = ({ scores, ...entry }: Entry): Entry => ({
    ...entry,
    scores: Object.fromEntries(Object.entries(scores).filter(([id]) => ids.includes(id))),
  });
  return poolOf(within(SEED), within(LEFT), within(RIGHT));
}

describe("a merge", () => {
  it("takes of each component the one that changed, and the better parent's where both did", () => {
    const merge = proposeMerge(poolOf(SEED, LEFT, RIGHT), history(), 5, firstRng());
    expect(merge).toMatchObject({ parents: [1, 2], components: { a: "A1", b: "B1", c: "C1" } });
  });

  const samples: readonly [what: string, ids: string, expected: string][] = [
    ["two that each parent wins and two ties, as far as there are any", "abcdefghijk", "abghi"],
    ["two of a kind, and the rest from what is left", "abcdeg", "abgcd"],
    ["examples more than once where the parents share too few", "ag", "agaaa"],
  ];
  for (const [what, ids, expected] of samples) {
    it(`is tried on five examples: ${what}`, () => {
      const pool = familyOn(ids);
      expect(proposeMerge(pool, history(), 1, firstRng())?.exampleIds.join("")).toBe(expected);
    });
  }

  it("is not made of parents that share fewer validation examples than asked", () => {
    const pool = familyOn("abcg");
    expect(proposeMerge(pool, history(), 5, firstRng())).toBeUndefined();
    expect(proposeMerge(pool, history(), 4, firstRng())).toBeDefined();
  });

  it("is made once of the same parents and ancestor", () => {
    const made = history();
    const pool = poolOf(SEED, LEFT, RIGHT);
    expect(proposeMerge(pool, made, 5, firstRng())).toBeDefined();
    expect(proposeMerge(pool, made, 5, firstRng())).toBeUndefined();
  });

  const impossible: readonly [string, Pool][] = [
    ["a parent and its own child", poolOf(SEED, LEFT, { ...RIGHT, parents: [1] })],
    [
      "two that are worse than their ancestor",
      poolOf({ ...SEED, scores: on("abcdefghijk", 0.95) }, LEFT, RIGHT),
    ],
    [
      "two that changed the same only component",
      poolOf(
        { ...SEED, components: { a: "A" } },
        { ...LEFT, components: { a: "A1" } },
        { ...RIGHT, components: { a: "A2" } },
      ),
    ],
  ];
  for (const [what, pool] of impossible) {
    it(`is not made of ${what}`, () => {
      expect(proposeMerge(pool, history(), 5, firstRng())).toBeUndefined();
    });
  }

  it("fails where every shared ancestor scored 0, as gepa 0.1.4 does", () => {
    const pool = poolOf({ ...SEED, scores: on("abcdefghijk", 0) }, LEFT, RIGHT);
    expect(() => proposeMerge(pool, history(), 5, firstRng())).toThrow(MergeWeightsError);
  });
});
