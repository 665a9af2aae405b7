import { expect, it } from "vitest";
import { roundScore, roundUsd } from "../../src/domain/round.ts";

it("takes the dust of binary fractions off a score and leaves what can be read", () => {
  const cases: readonly (readonly [number, number])[] = [
    [0.1 + 0.2, 0.3],
    [0.8 - 0.5, 0.3],
    [2 / 3, 0.666667],
    [-1 / 3, -0.333333],
    [1, 1],
    [-1e-12, 0],
    [-0.9999999, -1],
    [-12, -12],
  ];
  for (const [exact, told] of cases) expect(roundScore(exact)).toBe(told);
});

it("keeps what a single token of a cheap model costs", () => {
  expect(roundUsd(0.1 + 0.2)).toBe(0.3);
  expect(roundUsd(20 * 5e-8)).toBe(0.000001);
  expect(roundUsd(5e-8)).toBe(0.00000005);
});
