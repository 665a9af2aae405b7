import { describe, expect, it } from "vitest";
import { operatorCredit } from "../../../src/engine/operators/credit.ts";
import { optimiseWith } from "../../../src/engine/optimise.ts";
import { loadState, type Rejected } from "../../../src/engine/state.ts";
import { ALL_TACTICS } from "../../../src/engine/tactics.ts";
import { member } from "../../support/members.ts";
import { createWorld, play } from "../../support/scripted-world.ts";

/** Variance of one score. */
const NOISE = 0.05;

const seed = member("c0", scores(0.5), { operator: "seed" });

/** Twenty examples of one score. */
function scores(score: number): Record<string, number> {
  return Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`e${i}`, score]));
}

function child(id: string, operator: string, score: number, parentIds = ["c0"]) {
  return member(id, scores(score), { operator, parentIds });
}

function rejected(operator: string, change: number): Rejected {
  return {
    id: "c9",
    parentIds: ["c0"],
    operator,
    iteration: 9,
    text: "",
    exact: "",
    tried: [],
    effect: { change, examples: 3 },
  };
}

it("credits every operator alike before anything was tried", () => {
  const credit = operatorCredit({ pool: [seed], rejected: [] }, NOISE);
  expect([credit("reflect"), credit("tighten")]).toEqual([1, 1]);
});

it("credits an operator with what its edits did to the score, beside what all edits did", () => {
  const pool = [seed, child("c1", "tighten", 0.6), child("c2", "reflect", 0.5), child("c3", "style", 0.4)];
  const credit = operatorCredit({ pool, rejected: [] }, NOISE);
  expect(credit("tighten")).toBeGreaterThan(1.2);
  expect(credit("reflect")).toBeCloseTo(1, 9);
  expect(credit("style")).toBeLessThan(0.8);
  expect(credit("clarify")).toBe(1);
});

it("takes what was rejected for what it was measured to be, and the more seriously the more often", () => {
  const failures = (count: number) => Array.from({ length: count }, () => rejected("style", -0.2));
  const credit = (count: number) =>
    operatorCredit({ pool: [seed, child("c1", "reflect", 0.5)], rejected: failures(count) }, NOISE)("style");
  expect(credit(1)).toBeLessThan(1);
  expect(credit(1)).toBeGreaterThan(0.5);
  expect(credit(4)).toBeLessThan(credit(1));
});

it("measures a child of two against the better of them", () => {
  const pool = [seed, child("c1", "reflect", 0.7), child("c2", "crossover", 0.6, ["c0", "c1"])];
  expect(operatorCredit({ pool, rejected: [] }, NOISE)("crossover")).toBeLessThan(1);
});

it("says nothing of an operator whose edits could not be measured", () => {
  const { effect: _none, ...unmeasured } = rejected("style", 0);
  const pool = [seed, member("c1", { other: 1 }, { operator: "clarify", parentIds: ["c0"] })];
  const credit = operatorCredit({ pool, rejected: [unmeasured] }, NOISE);
  expect([credit("style"), credit("clarify")]).toEqual([1, 1]);
});

describe("in a run", () => {
  const world = { examples: 60, facts: 12, factsPerEdit: 1, budget: { maxIterations: 30 } };

  it("keeps of every rejected candidate what its edit did on the examples of its trial", async () => {
    let drafts = 0;
    const reflect = () =>
      JSON.stringify({ components: { prompt: `Draft ${++drafts}.` }, rationale: "", lesson: "" });
    const recording = await play(createWorld({ ...world, reflect }));
    const saved = recording.steps.flatMap((s) => (s.kind === "checkpoint" ? [s.state] : [])).at(-1);
    const { rejected } = loadState(saved ?? "");
    expect(rejected.length).toBeGreaterThan(2);
    for (const { effect, tried } of rejected) {
      expect(effect?.examples).toBe(tried.length);
      expect(effect?.change).toBeLessThanOrEqual(0);
    }
  });

  it("draws operators by it", async () => {
    const drawn = async (adaptiveOperators: boolean) => {
      const { input, ports } = createWorld(world);
      const run = optimiseWith({ ...ALL_TACTICS, adaptiveOperators })(
        input,
        ports,
        new AbortController().signal,
      );
      const names: string[] = [];
      for await (const step of run) {
        if (step.kind === "event" && step.event.type === "generate") names.push(step.event.data.operator);
      }
      return names;
    };
    expect(await drawn(true)).not.toEqual(await drawn(false));
  });
});
