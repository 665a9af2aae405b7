import { expect, it } from "vitest";
import { createSampler } from "../../../src/engine/reference/sampler.ts";
import { firstRng } from "../../support/first-rng.ts";

const TRAIN = "0123456789".split("");

/** Shuffles to the given orders, one after the other. */
function shufflingTo(...orders: readonly string[]) {
  const left = [...orders];
  return firstRng({ shuffle: (items) => items.splice(0, items.length, ...(left.shift() ?? "").split("")) });
}

it("pads an epoch with the least used examples, the last of the shuffle first", () => {
  const sampler = createSampler(TRAIN, 3, shufflingTo("7815342096", "9876543210"));
  const batches = [0, 1, 2, 3, 4].map((i) => sampler(i).join(""));
  expect(batches).toEqual(["781", "534", "209", "669", "987"]);
});

it("pads a minibatch larger than the set by walking the shuffle backwards", () => {
  const sampler = createSampler(["a", "b", "c"], 8, shufflingTo("bca"));
  expect(sampler(0).join("")).toBe("bcaacbac");
});

it("gives further minibatches of an iteration from the chunks that follow, without moving on", () => {
  const sampler = createSampler(TRAIN, 3, shufflingTo("7815342096"));
  const draw = (iteration: number) => [1, 2, 3].map(() => sampler(iteration).join(""));
  expect(draw(0)).toEqual(["781", "534", "209"]);
  expect(draw(1)).toEqual(["534", "209", "669"]); // two of three seen just before
  expect(draw(2)).toEqual(["209", "669", "781"]); // wraps within the epoch
});

it("moves on with the iteration, whether or not it was asked in between", () => {
  const sampler = createSampler(TRAIN, 3, shufflingTo("7815342096"));
  expect([sampler(0), sampler(3)].map((b) => b.join(""))).toEqual(["781", "669"]);
});
