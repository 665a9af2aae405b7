import { expect, it } from "vitest";
import fc from "fast-check";
import { createRng, type Rng } from "../../../src/base/rng.ts";
import {
  detectableLift,
  deviationOf,
  isNotWorse,
  pairedInterval,
} from "../../../src/engine/report/interval.ts";

/** Differences of a true mean of zero: rarely or often turned answers, and graded ones. */
const NULLS: Record<string, (rng: Rng) => number> = {
  "half of all answers turn": (rng) => rng.choice([-1, 0, 0, 1]),
  "one in ten turns": (rng) => rng.choice([-1, ...Array<number>(18).fill(0), 1]),
  graded: (rng) => rng.random() + rng.random() - rng.random() - rng.random(),
};

it("covers the true mean at least as often as it says, at the sizes that tests have", () => {
  for (const [name, draw] of Object.entries(NULLS)) {
    for (const n of [5, 12, 20, 45, 100]) {
      const rng = createRng({ seed: n });
      let covered = 0;
      const runs = 1_000;
      for (let run = 0; run < runs; run++) {
        const interval = pairedInterval(Array.from({ length: n }, () => draw(rng)));
        if (interval && interval.low <= 0 && interval.high >= 0) covered++;
      }
      // One and a half standard errors of such a share below 95 %.
      expect(covered / runs, `${name}, n = ${n}`).toBeGreaterThan(0.94);
    }
  }
});

it("shows a lift of 0.15 on 100 examples in four of five cases", () => {
  const rng = createRng({ seed: 3 });
  let shown = 0;
  for (let run = 0; run < 500; run++) {
    // 0.55 against 0.70 solved, three of ten answers turned.
    const differences = Array.from({ length: 100 }, () => {
      const u = rng.random();
      return u < 0.225 ? 1 : u < 0.3 ? -1 : 0;
    });
    if ((pairedInterval(differences)?.low ?? 0) > 0) shown++;
  }
  expect(shown / 500).toBeGreaterThan(0.75);
});

it("excludes zero where every one of a few examples got better, and not where only most did", () => {
  expect(pairedInterval([1, 1, 1, 1, 1])?.low).toBeGreaterThan(0);
  expect(pairedInterval([1, 1, 1, 0, 0])?.low).toBeLessThanOrEqual(0);
  expect(pairedInterval([1, 1])?.low).toBeLessThanOrEqual(0);
});

it("takes what differs by rounding alone for equal", () => {
  const dust = 0.1 + 0.2 - 0.3;
  const differences = (rest: number) => [0.4, 0.4, 0.4, ...Array<number>(7).fill(rest)];
  const [exact, dusty] = [pairedInterval(differences(0)), pairedInterval(differences(dust))];
  expect(dust).not.toBe(0);
  expect(dusty?.low).toBeCloseTo(exact?.low ?? Number.NaN, 9);
  expect(dusty?.high).toBeCloseTo(exact?.high ?? Number.NaN, 9);
});

it("stays within what a difference of scores can be, and turns with the sign", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 2, maxLength: 60 }),
      (d) => {
        const [there, back] = [pairedInterval(d), pairedInterval(d.map((x) => -x))];
        expect(there?.low).toBeGreaterThanOrEqual(-1);
        expect(there?.high).toBeLessThanOrEqual(1);
        expect(there?.low).toBeCloseTo(-(back?.high ?? 0), 9);
      },
    ),
  );
});

it("narrows with the number of examples", () => {
  const width = (n: number) => {
    const interval = pairedInterval(Array.from({ length: n }, (_, i) => (i % 2 === 0 ? 1 : 0)));
    return (interval?.high ?? 0) - (interval?.low ?? 0);
  };
  expect(width(100)).toBeLessThan(width(20));
  expect(width(20)).toBeLessThan(width(6));
});

it("says nothing about fewer than two examples", () => {
  expect(pairedInterval([])).toBeUndefined();
  expect(pairedInterval([1])).toBeUndefined();
  expect(deviationOf([1])).toBeUndefined();
});

it("knows that few examples can show a large lift only", () => {
  expect(detectableLift(1, 0.5)).toBe(1);
  expect(detectableLift(6, 0.5)).toBeGreaterThan(0.5);
  expect(detectableLift(100, 0.5)).toBeLessThan(0.15);
  expect(detectableLift(100, 0.1)).toBeLessThan(detectableLift(100, 0.5));
});

it("takes a text for not worse only where little could have been lost", () => {
  const cases = [
    { differences: [], notWorse: false },
    { differences: Array<number>(20).fill(0), notWorse: true },
    { differences: Array<number>(20).fill(-0.01), notWorse: true },
    { differences: Array<number>(20).fill(-0.03), notWorse: false },
    { differences: [-1, ...Array<number>(199).fill(0)], notWorse: true },
    { differences: [-1, ...Array<number>(19).fill(0)], notWorse: false },
    { differences: [1, -1, 1, -1], notWorse: false },
  ];
  for (const { differences, notWorse } of cases) expect(isNotWorse(differences, 0.02)).toBe(notWorse);
});
