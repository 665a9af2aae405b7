import { expect, it } from "vitest";
import { distance, novelties, shingles } from "../../src/engine/novelty.ts";

it("sees no novelty between texts that differ in case, punctuation and white space only", () => {
  expect(novelties(["Answer, in brief!", "answer in   BRIEF"])).toEqual([0, 0]);
});

it("gives the text that is unlike the others the most", () => {
  const [a, b, c] = novelties([
    "List the trade-offs and name the owner.",
    "List the trade-offs and name the cost.",
    "Write a poem about rivers.",
  ]);
  expect(c).toBeGreaterThan(a ?? 1);
  expect(c).toBeGreaterThan(b ?? 1);
});

it("takes a text alone for entirely new, and two empty ones for equal", () => {
  expect(novelties(["anything"])).toEqual([1]);
  expect(distance(shingles(""), shingles(""))).toBe(0);
});
