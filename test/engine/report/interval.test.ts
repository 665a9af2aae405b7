import { expect, it } from "vitest";
import { createRng } from "../../../src/base/rng.ts";
import { detectableLift, deviationOf, pairedInterval } from "../../../src/engine/report/interval.ts";

it("covers the true mean about as often as it says, small samples included", () => {
  for (const n of [5, 20]) {
    const rng = createRng({ seed: n });
    let covered = 0;
    const runs = 80;
    for (let run = 0; run < runs; run++) {
      const differences = Array.from({ length: n }, () => rng.choice([-1, 0, 0, 1]));
      const interval = pairedInterval(differences, rng);
      if (interval && interval.low <= 0 && interval.high >= 0) covered++;
    }
    expect(covered / runs).toBeGreaterThan(0.92);
  }
});

it("excludes zero where every one of a few examples got better, and not where only most did", () => {
  const interval = (differences: number[]) => pairedInterval(differences, createRng({ seed: 1 }));
  expect(interval([1, 1, 1, 1, 1])?.low).toBe(1);
  expect(interval([1, 1, 1, 0, 0])?.low).toBeLessThanOrEqual(0);
});

it("narrows with the number of examples", () => {
  const width = (n: number) => {
    const differences = Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : 0));
    const interval = pairedInterval(differences, createRng({ seed: 2 }));
    return (interval?.high ?? 0) - (interval?.low ?? 0);
  };
  expect(width(100)).toBeLessThan(width(20));
  expect(width(20)).toBeLessThan(width(6));
});

it("says nothing about fewer than two examples", () => {
  expect(pairedInterval([], createRng({ seed: 1 }))).toBeUndefined();
  expect(pairedInterval([1], createRng({ seed: 1 }))).toBeUndefined();
  expect(deviationOf([1])).toBeUndefined();
});

it("knows that few examples can show a large lift only", () => {
  expect(detectableLift(1)).toBe(1);
  expect(detectableLift(6)).toBeGreaterThan(0.5);
  expect(detectableLift(100)).toBeLessThan(0.15);
  expect(detectableLift(100, 0.1)).toBeLessThan(detectableLift(100));
});
