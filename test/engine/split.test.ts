import { expect, it } from "vitest";
import type { Example, Split } from "../../src/domain/spec.ts";
import { MIN_EXAMPLES_FOR_TEST, seenInTest, splitExamples } from "../../src/engine/split.ts";

const plain = (n: number): Example[] => Array.from({ length: n }, (_, i) => ({ id: `e${i}`, input: "x" }));
const marked = (splits: readonly (Split | undefined)[]): Example[] =>
  splits.map((split, i) => ({ id: `e${i}`, input: "x", ...(split ? { split } : {}) }));

it("shares all examples where there are too few for a test", () => {
  for (const n of [1, 2, MIN_EXAMPLES_FOR_TEST - 1]) {
    const ids = plain(n).map((e) => e.id);
    expect(splitExamples(plain(n), 3)).toEqual({ train: ids, validation: ids, test: [], policy: "shared" });
  }
});

it("keeps 30 % and at least five for the test, and halves the rest", () => {
  const sizes = [
    { n: 15, train: 5, validation: 5, test: 5 },
    { n: 16, train: 5, validation: 6, test: 5 },
    { n: 60, train: 21, validation: 21, test: 18 },
    { n: 101, train: 35, validation: 36, test: 30 },
  ];
  for (const { n, ...expected } of sizes) {
    const { train, validation, test, policy } = splitExamples(plain(n), 3);
    expect({ train: train.length, validation: validation.length, test: test.length }).toEqual(expected);
    expect(policy).toBe("shuffled");
    expect(new Set([...train, ...validation, ...test]).size).toBe(n);
  }
});

it("draws by the seed and by nothing else", () => {
  expect(splitExamples(plain(40), 3)).toEqual(splitExamples(plain(40), 3));
  expect(splitExamples(plain(40), 3)).not.toEqual(splitExamples(plain(40), 4));
});

it("does as the examples say, and lets one part serve for a missing one", () => {
  const cases = [
    {
      splits: ["train", "validation", "test", undefined] as const,
      expected: { train: ["e0", "e3"], validation: ["e1"], test: ["e2"] },
    },
    {
      splits: ["train", "train", "test"] as const,
      expected: { train: ["e0", "e1"], validation: ["e0", "e1"], test: ["e2"] },
    },
    {
      splits: ["validation", "validation"] as const,
      expected: { train: ["e0", "e1"], validation: ["e0", "e1"], test: [] },
    },
  ];
  for (const { splits, expected } of cases) {
    expect(splitExamples(marked(splits), 0)).toEqual({ ...expected, policy: "given" });
  }
});

it("counts the test examples whose input the search sees under another id", () => {
  const examples = ["a", "b", "a", "c", "b", "a"].map((input, i) => ({ id: `e${i}`, input }));
  const seen = (train: string[], validation: string[], test: string[]) =>
    seenInTest(examples, { train, validation, test, policy: "given" });
  expect(seen(["e0"], ["e1"], ["e2", "e3", "e4", "e5"])).toBe(3);
  expect(seen(["e0"], ["e1"], ["e3"])).toBe(0);
  expect(seen(["e3"], ["e3"], ["e0", "e2"])).toBe(0);
});
