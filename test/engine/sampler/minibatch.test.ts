import { expect, it } from "vitest";
import fc from "fast-check";
import {
  drawMinibatch,
  isMastered,
  knownFailures,
  MAX_DRAWS,
} from "../../../src/engine/sampler/minibatch.ts";
import { member } from "../../support/members.ts";

const train = ["e0", "e1", "e2", "e3", "e4", "e5"];
const draw = (scores: Record<string, number>, failed: string[] = [], iteration = 1) =>
  drawMinibatch({ train, size: 2, iteration, root: 7, parent: member("c1", scores, { failed }) });
const all = (score: number) => Object.fromEntries(train.map((id) => [id, score]));

it("takes examples the parent was not run on, and goes through all of them before any comes again", () => {
  const drawn = [1, 2, 3].flatMap((iteration) => draw({}, [], iteration)?.exampleIds ?? []);
  expect([...drawn].sort()).toEqual(train);
  const [known] = draw({})?.exampleIds ?? [];
  expect(draw({ [known ?? ""]: 1 })?.exampleIds).not.toContain(known);
});

it("names the minibatches to draw on with while the parent has not failed anywhere", () => {
  const drawn = draw({});
  expect([...(drawn?.exampleIds ?? []), ...(drawn?.further.flat() ?? [])].sort()).toEqual(train);
  expect(draw({ e0: 0 })?.further).toEqual([]);
});

it("finds every example that the parent was not run on, wherever in the epochs it stands", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 40 }).chain((n) => {
        const ids = Array.from({ length: n }, (_, i) => `e${i}`);
        return fc.record({ ids: fc.constant(ids), unknown: fc.subarray(ids, { minLength: 1 }) });
      }),
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 60 }),
      fc.nat(99),
      ({ ids, unknown }, size, iteration, root) => {
        const known = ids.filter((id) => !unknown.includes(id));
        const parent = member("c1", Object.fromEntries(known.map((id) => [id, 1])));
        const drawn = drawMinibatch({ train: ids, size, iteration, root, parent });
        const found = [...(drawn?.exampleIds ?? []), ...(drawn?.further.flat() ?? [])];
        expect(found).toHaveLength(Math.min(unknown.length, size * MAX_DRAWS));
        expect(new Set(found).size).toBe(found.length);
        expect(unknown).toEqual(expect.arrayContaining(found));
      },
    ),
    { numRuns: 500 },
  );
});

it("fills up with known failures, the worst first, where nothing new is left", () => {
  expect(draw({ ...all(1), e1: 0.5, e3: 0, e4: 0.7 })?.exampleIds).toEqual(["e3", "e1"]);
  const oneNew = draw({ e0: 1, e1: 1, e2: 0.5, e3: 1, e4: 1 });
  expect(oneNew).toEqual({ exampleIds: ["e5", "e2"], further: [] });
});

it("gives nothing where the parent is perfect on everything that can be run", () => {
  const mastered = member("c1", { e0: 1, e1: 1, e2: 1, e3: 1, e4: 1 }, { failed: ["e5"] });
  expect(draw(all(1))).toBeUndefined();
  expect(draw(mastered.scores, ["e5"])).toBeUndefined();
  expect(isMastered(mastered, train)).toBe(true);
  expect(isMastered(member("c1", { e0: 1 }), train)).toBe(false);
});

it("lists the known failures of a parent, the worst first", () => {
  expect(knownFailures(member("c1", { e0: 0.5, e1: 1, e2: 0, x: 0 }), train)).toEqual(["e2", "e0"]);
});
