import { describe, expect, it } from "vitest";
import { believe, isWhole, lead, mostPromising } from "../../src/engine/belief.ts";
import { leaderOf } from "../../src/engine/standing.ts";
import { member } from "../support/members.ts";

const ids = Array.from({ length: 20 }, (_, i) => `e${i}`);
/** Scores on the first `n` examples: example number i is worth i / 40, and the candidate `shift` more. */
const scored = (shift: number, n = 20, from = 0) =>
  Object.fromEntries(ids.slice(from, from + n).map((id, i) => [id, (from + i) / 40 + shift]));
const child = { parentIds: ["c0"] };

describe("what is believed", () => {
  it("does not depend on how hard the examples are that a candidate happened to be run on", () => {
    const easy = believe([member("c0", scored(0.2)), member("c1", scored(0.2, 6, 14), child)], ids);
    const hard = believe([member("c0", scored(0.2)), member("c1", scored(0.2, 6, 0), child)], ids);
    expect(easy.of.get("c1")?.mean).toBeCloseTo(hard.of.get("c1")?.mean ?? 0, 9);
    expect(easy.of.get("c1")?.mean).toBeCloseTo(easy.of.get("c0")?.mean ?? 0, 9);
  });

  it("stays near the parent with few scores and goes with the scores when there are many", () => {
    const gainOver = (n: number) => {
      const { of } = believe([member("c0", scored(0)), member("c1", scored(0.3, n), child)], ids);
      return (of.get("c1")?.mean ?? 0) - (of.get("c0")?.mean ?? 0);
    };
    const gains = [0, 2, 6, 12, 20].map(gainOver);
    expect(gains[0]).toBeCloseTo(0, 9);
    expect([...gains].sort((a, b) => a - b)).toEqual(gains);
    expect(gains.at(-1)).toBeLessThan(0.3);
    expect(gains.at(-1)).toBeGreaterThan(0.15);
  });

  it("grows surer with every score, and a child is never surer than its data allow", () => {
    const variance = (n: number) =>
      believe([member("c0", scored(0)), member("c1", scored(0.1, n), child)], ids).of.get("c1")?.variance ??
      0;
    const variances = [1, 5, 10, 20].map(variance);
    expect([...variances].sort((a, b) => b - a)).toEqual(variances);
    expect(variances.at(-1)).toBeGreaterThan(0);
  });

  it("starts a child of two at the better one", () => {
    const pool = [
      member("c0", scored(0)),
      member("c1", scored(0.2), child),
      member("c2", {}, { parentIds: ["c0", "c1"] }),
      member("c3", {}, { parentIds: ["c1", "c0"] }),
    ];
    const { of } = believe(pool, ids);
    expect(of.get("c2")?.mean).toBe(of.get("c1")?.mean);
    expect(of.get("c3")?.mean).toBe(of.get("c1")?.mean);
  });

  it("expects large steps where edits were seen to make them, and never less than usual ones", () => {
    // The same few scores of one child, beside brothers whose edits did nothing, or changed everything.
    const noisy = (shift: number, k: number, n = 20) =>
      Object.fromEntries(ids.slice(0, n).map((id, i) => [id, 0.3 + shift + ((i * (k + 2)) % 5) / 10]));
    const gainBeside = (shift: number) => {
      const brothers = [1, 2, 4].map((k) => member(`b${k}`, noisy(shift, k), child));
      const c4 = member("c4", noisy(0.3, 2, 3), child);
      const { of } = believe([member("c0", noisy(0, 0)), ...brothers, c4], ids);
      return (of.get("c4")?.mean ?? 0) - (of.get("c0")?.mean ?? 0);
    };
    expect(gainBeside(0.4)).toBeGreaterThan(gainBeside(0) + 0.05);
    expect(gainBeside(0.02)).toBeGreaterThan(0);
  });

  it("leaves out failed calls: a missing score is no score", () => {
    const with19 = { ...scored(0.1) };
    delete with19.e7;
    const failed = member("c1", with19, { ...child, failed: ["e7"] });
    const whole = member("c1", scored(0.1), child);
    const meanOf = (m: typeof failed) => believe([member("c0", scored(0)), m], ids).of.get("c1")?.mean;
    expect(meanOf(failed)).toBeCloseTo(meanOf(whole) ?? 0, 2);
    expect(isWhole(failed, ids)).toBe(true);
  });

  it("holds where nothing has a score", () => {
    const beliefs = believe([member("c0", {})], ids);
    expect(beliefs.of.get("c0")?.variance).toBeGreaterThan(0);
    expect(mostPromising(beliefs)).toBe("c0");
  });
});

describe("the lead", () => {
  it("is counted in standard deviations of both", () => {
    expect(lead({ mean: 0.7, variance: 0.03 }, { mean: 0.5, variance: 0.01 })).toBeCloseTo(1, 9);
  });

  it("goes to the best of those that were run on everything, not to whoever is promising", () => {
    const pool = [
      member("c0", scored(0)),
      member("c1", scored(0.2), child),
      member("c2", scored(0.6, 10), child),
    ];
    const beliefs = believe(pool, ids);
    expect(mostPromising(beliefs)).toBe("c2");
    expect(leaderOf(pool, "c0", ids)).toBe("c1");
  });

  it("stays where it is among equals", () => {
    const pool = [member("c0", scored(0.1)), member("c1", scored(0.1), child)];
    expect(leaderOf(pool, "c1", ids)).toBe("c1");
    expect(leaderOf(pool, "c0", ids)).toBe("c0");
  });
});
