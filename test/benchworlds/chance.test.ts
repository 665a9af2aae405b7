import { describe, expect, it } from "vitest";
import {
  clampedNormalMean,
  correlatedUniform,
  hash53,
  normal,
  normalCdf,
  normalQuantile,
  uniform,
} from "../bench/engine/worlds/chance.ts";

const DRAWS = 20_000;
const draws = <T>(of: (i: number) => T) => Array.from({ length: DRAWS }, (_, i) => of(i));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("chance by content", () => {
  it("gives the same draw for the same key and another one for any other", () => {
    expect(uniform("a", 1)).toBe(uniform("a", 1));
    expect(new Set(draws((i) => hash53(`key ${i}`))).size).toBe(DRAWS);
    expect(uniform("a", "bc")).not.toBe(uniform("ab", "c"));
  });

  it("draws uniforms and normals of the right mean and spread", () => {
    const u = draws((i) => uniform("u", i));
    const z = draws((i) => normal("z", i));
    expect(mean(u)).toBeCloseTo(0.5, 2);
    expect(mean(u.map((x) => (x - 0.5) ** 2))).toBeCloseTo(1 / 12, 2);
    expect(mean(z)).toBeCloseTo(0, 1);
    expect(mean(z.map((x) => x * x))).toBeCloseTo(1, 1);
  });

  it("inverts the normal distribution function over its whole range", () => {
    for (const p of [1e-6, 0.001, 0.02, 0.3, 0.5, 0.7, 0.98, 0.999, 1 - 1e-6]) {
      expect(normalCdf(normalQuantile(p))).toBeCloseTo(p, 6);
    }
  });

  it("keeps the margin uniform and shares the luck of a case between prompts as told", () => {
    const one = draws((i) => correlatedUniform(0.6, ["case", i], ["first", i]));
    const two = draws((i) => correlatedUniform(0.6, ["case", i], ["second", i]));
    expect(mean(one.map((u) => Number(u < 0.3)))).toBeCloseTo(0.3, 2);
    const a = one.map(normalQuantile);
    const b = two.map(normalQuantile);
    expect(mean(a.map((x, i) => x * (b[i] ?? 0)))).toBeCloseTo(0.6, 1);
  });

  it("knows the mean of a clamped normal", () => {
    for (const [m, sd] of [
      [0.5, 0.1],
      [0.9, 0.3],
      [-0.2, 0.4],
    ] as const) {
      const sampled = mean(draws((i) => Math.min(1, Math.max(0, m + sd * normal("clamp", m, i)))));
      expect(clampedNormalMean(m, sd)).toBeCloseTo(sampled, 2);
    }
  });
});
