import { describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import type { Evaluation } from "../../src/domain/evaluation.ts";
import {
  type GradeSpread,
  gradesFor,
  gradeSpread,
  meanOfGrades,
  MIN_PAIRS,
  QUIET_DEVIATION,
  timesInWords,
} from "../../src/engine/grades.ts";

const spread = (judge: number, outputs: number): GradeSpread => ({
  within: judge ** 2,
  between: outputs ** 2,
});

describe("how often an output is graded", () => {
  const rule: readonly (readonly [judge: number, outputs: number, max: number, grades: number])[] = [
    [0, 0, 4, 1],
    [QUIET_DEVIATION, 0, 4, 1],
    [0.081, 0.12, 4, 1],
    [0.081, 0.1, 4, 2],
    [0.1, 0, 4, 2],
    [0.2, 0.3, 4, 1],
    [0.2, 0.2, 4, 2],
    [0.25, 0.21, 4, 3],
    [0.25, 0.21, 2, 2],
    [0.25, 0.21, 1, 1],
    [0.5, 0.1, 4, 4],
    [0.5, 0, 8, 8],
    [0.1, 0.5, 4, 1],
  ];
  for (const [judge, outputs, max, grades] of rule) {
    it(`is ${grades} where the judge's noise is ${judge}, outputs differ by ${outputs}, and ${max} is the most`, () => {
      expect(gradesFor(spread(judge, outputs), max)).toBe(grades);
    });
  }

  it("is told in words", () => {
    expect([1, 2, 3].map(timesInWords)).toEqual(["once", "twice", "3 times"]);
  });
});

describe("the spread of grades", () => {
  const rng = createRng({ seed: 1 });
  const uniform = (width: number) => width * (rng.random() - 0.5);
  /** Variance of a uniform distribution of this width. */
  const varianceOf = (width: number) => width ** 2 / 12;

  it("tells the judge's noise from what outputs are worth, however many grades each has", () => {
    const outputs = Array.from({ length: 20_000 }, (_, i) => {
      const worth = 0.5 + uniform(0.3);
      return Array.from({ length: 1 + (i % 3) }, () => worth + uniform(0.6));
    });
    const { within, between } = gradeSpread(outputs) ?? spread(0, 0);
    expect(within).toBeCloseTo(varianceOf(0.6), 3);
    expect(between).toBeCloseTo(varianceOf(0.3), 3);
  });

  it("is the mean square of the differences where each output has two grades", () => {
    const pairs = Array.from({ length: 12 }, (_, i) => [i / 20, i / 20 + 0.1]);
    expect(gradeSpread(pairs)?.within).toBeCloseTo(0.1 ** 2 / 2, 12);
  });

  it("finds nothing between outputs that differ by less than the noise", () => {
    const outputs = Array.from({ length: 10 }, () => [0, 1]);
    expect(gradeSpread(outputs)).toEqual({ within: 0.5, between: 0 });
  });

  it("is unknown while few outputs have two grades, however many have one", () => {
    const once = Array.from({ length: 30 }, () => [0.5]);
    const twice = Array.from({ length: MIN_PAIRS }, () => [0, 1]);
    expect(gradeSpread([...once, ...twice.slice(1), []])).toBeUndefined();
    expect(gradeSpread([...once, ...twice])?.within).toBe(0.5);
  });
});

describe("several grades as one", () => {
  const grade = (score: number | undefined, feedback = "", objectives = {}): Evaluation => ({
    exampleId: "e1",
    ...(score === undefined ? { error: { code: "timeout", message: feedback } } : { score }),
    feedback,
    output: "Hi!",
    objectives,
    reused: false,
  });

  it("are their means, with the feedback of the one nearest to the mean", () => {
    const mean = meanOfGrades([
      grade(0, "low", { tone: 1, form: 0.25 }),
      grade(0.5, "middle", { tone: 0 }),
      grade(0.7, "high", { tone: 0.5, form: 0.75 }),
    ]);
    expect(mean).toEqual({ ...grade(0.4, "middle", { tone: 0.5, form: 0.5 }), grades: 3 });
  });

  it("are means of the grades that name a criterion, whatever its name", () => {
    const mean = meanOfGrades([grade(0.5, "a", { constructor: 0.5 }), grade(0.5, "b")]);
    expect(mean.objectives).toEqual({ constructor: 0.5 });
  });

  it("have the feedback of the first of equally near ones", () => {
    for (const [a, b] of [
      [0, 1],
      [1, 0],
      [0.1, 0.7],
      [0.3, 0.9],
    ] as const) {
      expect(meanOfGrades([grade(a, "first"), grade(b, "second")]).feedback).toBe("first");
    }
  });

  it("leave out those that failed", () => {
    expect(meanOfGrades([grade(undefined, "Too slow."), grade(0.25, "low"), grade(0.75, "high")])).toEqual({
      ...grade(0.5, "low"),
      grades: 2,
    });
  });

  it("are the first failure where all failed", () => {
    expect(meanOfGrades([grade(undefined, "one"), grade(undefined, "two")])).toEqual(grade(undefined, "one"));
  });
});
