import { expect, it } from "vitest";
import { frontOf, isBetter, meanOver } from "../../src/engine/standing.ts";
import { member } from "../support/members.ts";

const validation = ["a", "b", "c", "d"];

it("takes the mean over what has a score", () => {
  expect(meanOver(member("c1", { a: 1, b: 0, x: 1 }), validation)).toBe(0.5);
  expect(meanOver(member("c1", { x: 1 }), validation)).toBeUndefined();
});

it("compares two candidates where both have a score, so that a failed call lowers nobody", () => {
  const holder = member("c0", { a: 1, b: 0, c: 0, d: 1 });
  const cases = [
    { scores: { a: 1, b: 1, c: 0, d: 1 }, better: true },
    { scores: { a: 1, b: 0, c: 0, d: 1 }, better: false },
    { scores: { b: 1, c: 0, d: 1 }, better: true },
    { scores: { a: 1, d: 1 }, better: false },
    { scores: { b: 1 }, better: false },
    { scores: {}, better: false },
  ];
  for (const { scores, better } of cases) {
    expect(isBetter(member("c1", scores), holder, validation)).toBe(better);
  }
});

it("puts the better first on the front, and of equals the shorter", () => {
  const front = frontOf(
    [
      member("c0", { a: 1, b: 0, c: 0, d: 0 }),
      member("c1", { a: 0, b: 1, c: 1, d: 1 }, { components: { prompt: "a long prompt, too long" } }),
      member("c2", { a: 0, b: 1, c: 1, d: 1 }, { components: { prompt: "short" } }),
    ],
    validation,
  );
  expect(front.map((m) => [m.candidateId, m.wins])).toEqual([
    ["c2", 3],
    ["c0", 1],
  ]);
});

it("keeps on the front whoever nobody beats in the score and the named objectives together", () => {
  const pool = [
    member("c0", { a: 1, b: 1 }, { components: { prompt: "a long prompt, too long" } }),
    member("c1", { a: 1, b: 0 }, { components: { prompt: "short" } }),
    member("c2", { a: 0, b: 0 }, { components: { prompt: "middling" } }),
  ];
  expect(frontOf(pool, validation).map((m) => m.candidateId)).toEqual(["c0"]);
  expect(frontOf(pool, validation, ["brevity"]).map((m) => [m.candidateId, m.wins])).toEqual([
    ["c0", 2],
    ["c1", 0],
  ]);
});
