import { expect, it } from "vitest";
import { drawMinibatch } from "../../../src/engine/sampler/minibatch.ts";
import { member } from "../../support/members.ts";

const train = ["e0", "e1", "e2", "e3", "e4", "e5"];
const draw = (scores: Record<string, number>, failed: string[] = []) =>
  drawMinibatch({ train, size: 3, iteration: 1, root: 7, parent: member("c1", scores, { failed }) });
const all = (score: number) => Object.fromEntries(train.map((id) => [id, score]));

it("takes the window of the epoch where the parent can still learn from it", () => {
  const fresh = draw({});
  expect(fresh?.exampleIds).toHaveLength(3);
  expect(fresh?.fallback).toEqual([]);
  expect(draw(all(0.5))?.exampleIds).toEqual(fresh?.exampleIds);
});

it("names known failures to fall back on, should the window turn out perfect", () => {
  const window = draw({})?.exampleIds ?? [];
  const outside = train.filter((id) => !window.includes(id));
  const scores = Object.fromEntries(outside.map((id, i) => [id, i / 4]));
  expect(draw(scores)?.fallback).toEqual(outside);
});

it("exchanges a window that is known to be perfect for failures, with one success for contrast", () => {
  const window = draw({})?.exampleIds ?? [];
  const failures = train.filter((id) => !window.includes(id)).slice(0, 2);
  const scores = { ...all(1), [failures[0] ?? ""]: 0.2, [failures[1] ?? ""]: 0 };
  expect(draw(scores)?.exampleIds).toEqual([failures[1], failures[0], window[0]]);
});

it("gives nothing where the parent is perfect on everything that can be run", () => {
  expect(draw(all(1))).toBeUndefined();
  expect(draw({ e0: 1, e1: 1, e2: 1, e3: 1, e4: 1 }, ["e5"])).toBeUndefined();
});
