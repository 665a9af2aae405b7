import { describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { constraintCheck } from "../../src/engine/constraints.ts";
import type { Credit } from "../../src/engine/operators/credit.ts";
import type { OperatorView } from "../../src/engine/operators/operator.ts";
import { chooseOperator } from "../../src/engine/operators/policy.ts";
import { OPERATOR_NAMES, OPERATORS, unknownOperators } from "../../src/engine/operators/registry.ts";
import { member } from "../support/members.ts";

const seed = { plan: "Think of {topic}.", answer: "Answer. For example: input: 1, output: 2." };
const ancestor = member("c0", { a: 0, b: 0 }, { components: seed });
const parent = member(
  "c1",
  { a: 1, b: 0 },
  { components: { ...seed, plan: "Think twice of {topic}." }, parentIds: ["c0"] },
);
const mate = member(
  "c2",
  { a: 0, b: 1 },
  { components: { ...seed, answer: "Answer in brief." }, parentIds: ["c0"] },
);
const view: OperatorView = { parent, mate };
const [one, other] = [member("c3", { a: 1, b: 0 }), member("c4", { a: 0, b: 1 })];
const oneComponent: OperatorView = { parent: one, mate: other };
const alone: OperatorView = { parent: ancestor };

for (const name of OPERATOR_NAMES) {
  const operator = OPERATORS[name];
  describe(`operator ${name}`, () => {
    it("is called what it is registered as, and has a weight", () => {
      expect(operator.name).toBe(name);
      expect(operator.weight).toBeGreaterThan(0);
    });

    it("needs a mate exactly if it uses one", () => {
      expect(operator.usesMate && operator.applies(alone)).toBe(false);
      expect(operator.applies(view) || operator.applies(oneComponent)).toBe(true);
    });

    it("gives an order in the imperative, or a child that holds to the constraints", () => {
      const child = operator.kind === "combining" ? operator.combine([parent, mate], ancestor) : undefined;
      const order = operator.kind === "reflective" ? operator.order : "Combine the two.";
      const check = constraintCheck(
        seed,
        { mustKeep: [], mustNotContain: [], allowPlaceholderLoss: false, allowAnswerCopying: false },
        [],
      );
      expect(order).toMatch(/^[A-Z][a-z]+ .*\.$/s);
      expect(check(child ?? seed)).toBeUndefined();
    });
  });
}

it("joins two candidates in one way: by a merge those of several components, by the model those of one", () => {
  const joins = (v: OperatorView) =>
    OPERATOR_NAMES.filter((name) => OPERATORS[name].usesMate && OPERATORS[name].applies(v));
  expect(joins(view)).toEqual(["merge"]);
  expect(joins(oneComponent)).toEqual(["crossover"]);
});

describe("merge", () => {
  it("takes of each component the text that was changed since the common ancestor", () => {
    expect(OPERATORS.merge.combine([parent, mate], ancestor)).toEqual({
      plan: "Think twice of {topic}.",
      answer: "Answer in brief.",
    });
  });

  it("makes nothing that would equal one of the two", () => {
    expect(OPERATORS.merge.combine([parent, ancestor], ancestor)).toBeUndefined();
    expect(OPERATORS.merge.combine([ancestor, mate], ancestor)).toBeUndefined();
  });
});

describe("the operators on worked examples", () => {
  const offered = (prompt: string) =>
    (["swap_examples", "trim_examples"] as const).filter((name) =>
      OPERATORS[name].applies({ parent: member("c0", {}, { components: { prompt } }) }),
    );

  it("are offered where the text seems to hold some, said or written as pairs", () => {
    const texts = [
      "Name the intent. For example: a lost card is card_lost.",
      "Name the intent.\nWhere is my card? => card_arrival\n  I lost my card. => card_lost",
      "Name the intent.\nWhere is my card? -> card_arrival\nI lost my card. -> card_lost",
      "Name the intent.\nWhere is my card? → card_arrival\nI lost my card. → card_lost",
    ];
    for (const text of texts) expect(offered(text), text).toEqual(["swap_examples", "trim_examples"]);
  });

  it("are not offered where there are none: a single arrow is a rule", () => {
    const texts = [
      "Name the intent.",
      "Letters of Friday -> reply by Monday.\nBe kind.",
      "Write f(x)=>x and a->b.\n=> \nNothing else =>",
    ];
    for (const text of texts) expect(offered(text), text).toEqual([]);
  });
});

describe("the operator policy", () => {
  const draws = (weights: Record<string, number>, credit: Credit = () => 1, unmade: string[] = []) => {
    const rng = createRng({ seed: 5 });
    const counts: Record<string, number> = {};
    for (let i = 0; i < 3000; i++) {
      const { name } = chooseOperator(view, weights, credit, unmade, rng);
      counts[name] = (counts[name] ?? 0) + 1;
    }
    return counts;
  };
  const only = (...names: string[]) =>
    Object.fromEntries(OPERATOR_NAMES.map((name) => [name, names.includes(name) ? 1 : 0]));

  it("takes the caller's weights, and plain reflection where all are switched off", () => {
    expect(Object.keys(draws(only("clarify", "style"))).sort()).toEqual(["clarify", "style"]);
    expect(Object.keys(draws(only()))).toEqual(["reflect"]);
  });

  it("draws an operator by its weight times what it is credited with", () => {
    const counts = draws({ ...only("style"), clarify: 2 }, (name) => (name === "clarify" ? 3 : 1));
    expect(counts.clarify).toBeGreaterThan(5 * (counts.style ?? 0));
    expect(counts.style).toBeGreaterThan(300);
  });

  it("passes over those that could not make a proposal just now, unless the caller leaves it no other", () => {
    expect(Object.keys(draws(only("clarify", "style"), () => 1, ["style"]))).toEqual(["clarify"]);
    expect(Object.keys(draws(only("style"), () => 1, ["style", "style"]))).toEqual(["style"]);
    expect(Object.keys(draws({}, () => 1, ["reflect"]))).not.toContain("reflect");
  });

  it("knows its names", () => {
    expect(unknownOperators({ reflect: 1, clarfy: 2 })).toEqual(["clarfy"]);
  });
});
