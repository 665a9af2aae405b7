import { expect, it } from "vitest";
import { compare } from "../../../src/engine/acceptance/acceptance.ts";
import { improvementOrEqual } from "../../../src/engine/acceptance/improvement-or-equal.ts";
import { strictImprovement } from "../../../src/engine/acceptance/strict-improvement.ts";

const on = (scores: readonly (number | undefined)[]) =>
  scores.map((score, i) => ({ exampleId: `e${i}`, ...(score === undefined ? {} : { score }) }));
const trial = (parent: readonly (number | undefined)[], child: readonly (number | undefined)[]) =>
  compare({ parent: on(parent), child: on(child) });

it("compares only where both have a score", () => {
  expect(trial([1, 0, undefined], [undefined, 0.5, 1])).toEqual({
    shared: 1,
    parentSum: 0,
    childSum: 0.5,
  });
});

it("does not take rounding for improvement, as gepa 0.1.4 does", () => {
  const rounding = trial([0.3, 0.2, 0.1], [0.1, 0.2, 0.3]);
  expect(rounding.childSum).toBeGreaterThan(rounding.parentSum);
  expect(strictImprovement(rounding)).toBe(false);
  expect(improvementOrEqual(trial([0.1, 0.2, 0.3], [0.3, 0.2, 0.1]))).toBe(true);
});

it("asks a mutation to be better and a merge not to be worse", () => {
  const cases = [
    { parent: [0, 1], child: [1, 1], strict: true, orEqual: true },
    { parent: [0, 1], child: [1, 0], strict: false, orEqual: true },
    { parent: [1, 1], child: [1, 0], strict: false, orEqual: false },
    { parent: [undefined], child: [1], strict: false, orEqual: false },
  ];
  for (const { parent, child, strict, orEqual } of cases) {
    expect(strictImprovement(trial(parent, child))).toBe(strict);
    expect(improvementOrEqual(trial(parent, child))).toBe(orEqual);
  }
});
