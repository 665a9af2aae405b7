import { expect, it } from "vitest";
import { createMemo } from "../../src/engine/memo.ts";

const sized = (max?: number) => createMemo<string>((text) => text.length, max);

it("does the work once for all who ask, at the same time or later", async () => {
  const memo = sized();
  let done = 0;
  const work = async () => `result ${++done}`;
  const [a, b] = await Promise.all([memo.once("k", work), memo.once("k", work)]);
  expect([a, b, await memo.once("k", work)]).toEqual(["result 1", "result 1", "result 1"]);
});

it("forgets work that failed, so that it can be done again", async () => {
  const memo = sized();
  await expect(memo.once("k", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  expect(await memo.once("k", async () => "yes")).toBe("yes");
});

it("forgets the oldest once it holds too much", async () => {
  const memo = sized(3000);
  let done = 0;
  const ask = (key: string) =>
    memo.once(key, async () => {
      done++;
      return "x".repeat(1000);
    });
  for (const key of ["a", "b", "b", "a"]) await ask(key);
  expect(done).toBe(2);
  await ask("c");
  await ask("b");
  expect(done).toBe(3);
  await ask("a");
  expect(done).toBe(4);
});
