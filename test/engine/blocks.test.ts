import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { blocksOf, nextBlock } from "../../src/engine/blocks.ts";
import { member } from "../support/members.ts";

const order = Array.from({ length: 40 }, (_, i) => `v${i}`);
const blocks = blocksOf(order, true);

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

  it("follow each other, and leave out what a candidate was run on, with or without success", () => {
    const [first = [], second = []] = blocks;
    const scores = Object.fromEntries(first.slice(1).map((id) => [id, 0.5]));
    expect(nextBlock(member("c1", {}), blocks)).toEqual(first);
    expect(nextBlock(member("c1", scores), blocks)).toEqual(first.slice(0, 1));
    expect(nextBlock(member("c1", scores, { failed: first.slice(0, 1) }), blocks)).toEqual(second);
    expect(nextBlock(member("c1", {}, { failed: order }), blocks)).toEqual([]);
  });
});
