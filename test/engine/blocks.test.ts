import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { blocksOf, firstBlockSize, nextBlock } from "../../src/engine/blocks.ts";
import { member } from "../support/members.ts";

const order = Array.from({ length: 40 }, (_, i) => `v${i}`);
const blocks = blocksOf(order, true, 0);

describe("the blocks of a validation", () => {
  it("are every example once, none of them tiny", () => {
    fc.assert(
      fc.property(fc.nat({ max: 300 }), fc.boolean(), fc.nat({ max: 1_000 }), (n, racing, iteration) => {
        const ids = Array.from({ length: n }, (_, i) => `v${i}`);
        const found = blocksOf(ids, racing, iteration);
        expect(found.flat().toSorted()).toEqual(ids.toSorted());
        expect(found.length <= 1 || found.every((b) => b.length >= 5)).toBe(true);
      }),
    );
    expect(blocks.length).toBeGreaterThan(1);
    expect(blocksOf(order, false, 3)).toEqual([order]);
  });

  it("begin for each candidate where the first block of the one before it ended, all the way round", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat({ max: 1_000 }), (n, iteration) => {
        const ids = Array.from({ length: n }, (_, i) => `v${i}`);
        const size = firstBlockSize(n);
        const firsts = Array.from({ length: Math.ceil(n / size) }, (_, k) => {
          const [first = []] = blocksOf(ids, true, iteration + k);
          expect(first).toHaveLength(size);
          return first;
        });
        expect(new Set(firsts.flat()).size).toBe(n);
      }),
    );
  });

  it("follow each other, and leave out what a candidate was run on, with or without success", () => {
    const [first = [], second = []] = blocks;
    const scores = Object.fromEntries(first.slice(1).map((id) => [id, 0.5]));
    expect(nextBlock(member("c1", {}), blocks)).toEqual(first);
    expect(nextBlock(member("c1", scores), blocks)).toEqual(first.slice(0, 1));
    expect(nextBlock(member("c1", scores, { failed: first.slice(0, 1) }), blocks)).toEqual(second);
    expect(nextBlock(member("c1", {}, { failed: order }), blocks)).toEqual([]);
  });
});
