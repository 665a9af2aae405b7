import fc from "fast-check";
import { expect, it } from "vitest";
import { distance, promptNovelties, shingles } from "../../src/engine/novelty.ts";

/** Of each text by itself, nothing remembered. */
const novelties = (texts: readonly string[]) => promptNovelties(texts.map((prompt) => ({ prompt })));

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

it("says the same of prompts that are compared again and again as of their texts", () => {
  const text = fc.array(fc.constantFrom("list", "name", "the", "cost", "briefly"), { maxLength: 6 });
  fc.assert(
    fc.property(fc.array(text, { maxLength: 5 }), (words) => {
      const prompts = words.map((w) => ({ prompt: w.join(" ") }));
      const expected = novelties(prompts.map((p) => p.prompt));
      for (const size of [prompts.length, Math.ceil(prompts.length / 2), prompts.length]) {
        const found = promptNovelties(prompts.slice(0, size));
        const fresh =
          size === prompts.length ? expected : novelties(prompts.slice(0, size).map((p) => p.prompt));
        expect(found).toEqual(fresh);
      }
    }),
  );
});
