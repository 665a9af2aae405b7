import { expect, it } from "vitest";
import { ancestorsOf, findMate } from "../../src/engine/lineage.ts";
import { member } from "../support/members.ts";

const validation = ["a", "b", "c"];
const pool = [
  member("c0", { a: 0, b: 0, c: 0 }),
  member("c1", { a: 1, b: 0, c: 0 }, { parentIds: ["c0"] }),
  member("c2", { a: 0, b: 1, c: 0 }, { parentIds: ["c0"] }),
  member("c3", { a: 1, b: 1, c: 0 }, { parentIds: ["c1"] }),
  member("c4", { a: 0, b: 1, c: 1 }, { parentIds: ["c2"] }),
];
const all = new Set(pool.map((m) => m.id));
const of = (id: string) => pool.find((m) => m.id === id) ?? member(id, {});

it("finds all ancestors", () => {
  expect([...ancestorsOf(pool, "c3")].sort()).toEqual(["c0", "c1"]);
  expect([...ancestorsOf(pool, "c0")]).toEqual([]);
});

it("mates across lines only, with whoever complements best, and names the youngest common ancestor", () => {
  const found = findMate(pool, all, of("c1"), validation, () => true);
  expect([found?.mate.id, found?.ancestor.id]).toEqual(["c4", "c0"]);
});

it("takes the next best where the best has nothing to give", () => {
  const found = findMate(pool, all, of("c1"), validation, ({ mate }) => mate.id !== "c4");
  expect(found?.mate.id).toBe("c2");
  expect(findMate(pool, all, of("c1"), validation, () => false)).toBeUndefined();
});

it("finds nobody where one is not better anywhere, is of the same line, or is not on the front", () => {
  expect(findMate(pool, all, of("c0"), validation, () => true)).toBeUndefined();
  expect(findMate(pool, new Set(["c3"]), of("c1"), validation, () => true)).toBeUndefined();
  expect(findMate(pool, new Set(["c1"]), of("c1"), validation, () => true)).toBeUndefined();
  expect(findMate(pool, new Set(["c2"]), of("c3"), validation, () => true)).toBeUndefined();
});
