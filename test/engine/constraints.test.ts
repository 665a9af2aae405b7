import { describe, expect, it } from "vitest";
import type { Constraints, Example } from "../../src/domain/spec.ts";
import { constraintCheck, placeholders } from "../../src/engine/constraints.ts";

const NONE: Constraints = {
  mustKeep: [],
  mustNotContain: [],
  allowPlaceholderLoss: false,
  allowAnswerCopying: false,
};
const examples: Example[] = [
  { id: "a", input: "?", ideal: "Containers share the host kernel and start fast." },
  { id: "b", input: "?", ideal: "card_arrival" },
  { id: "c", input: "?", ideal: "already said in the seed, word for word" },
];
const seed = { prompt: "Answer {{question}} for {audience}. Already said in the seed, word for word." };
const keeps = "Answer {{question}} for {audience}. ";
const check = (constraints: Partial<Constraints>, prompt: string) =>
  constraintCheck(seed, { ...NONE, ...constraints }, examples)({ prompt });

describe("a proposed text is dropped", () => {
  const cases: { name: string; constraints: Partial<Constraints>; text: string; reason: string }[] = [
    { name: "that is empty", constraints: {}, text: " \n", reason: "empty" },
    {
      name: "that lost a text to keep",
      constraints: { mustKeep: ["in JSON"] },
      text: keeps,
      reason: "must_keep",
    },
    {
      name: "that holds a banned text",
      constraints: { mustNotContain: ["please"] },
      text: `${keeps}please`,
      reason: "must_not_contain",
    },
    {
      name: "that lost a placeholder",
      constraints: {},
      text: "Answer {{question}}.",
      reason: "placeholders",
    },
    {
      name: "that is too long",
      constraints: { maxCharacters: 40 },
      text: `${keeps}${"x".repeat(20)}`,
      reason: "max_characters",
    },
    {
      name: "that has too many tokens",
      constraints: { maxPromptTokens: 10 },
      text: `${keeps}${"x".repeat(20)}`,
      reason: "max_prompt_tokens",
    },
    {
      name: "that copies an ideal answer, whatever its case and white space",
      constraints: {},
      text: `${keeps}CONTAINERS share  the host\nkernel and start fast.`,
      reason: "answer_copied",
    },
  ];
  for (const { name, constraints, text, reason } of cases) {
    it(name, () => {
      expect(check(constraints, text)).toMatchObject({
        reason,
        detail: expect.stringMatching(/./) as string,
      });
    });
  }
});

describe("a proposed text is kept", () => {
  it("that lists short answers such as labels, which an instruction may have to name", () => {
    expect(check({}, `${keeps}One of: card_arrival, card_lost.`)).toBeUndefined();
  });

  it("that says what the seed said already", () => {
    expect(check({}, `${keeps}already said in the seed, word for word`)).toBeUndefined();
  });

  it("where the caller allows what would be refused", () => {
    expect(check({ allowPlaceholderLoss: true }, "No placeholder.")).toBeUndefined();
    expect(
      check({ allowAnswerCopying: true }, `${keeps}Containers share the host kernel and start fast.`),
    ).toBeUndefined();
  });
});

it("finds placeholders of both forms, each once, and no JSON", () => {
  expect(placeholders('{{ a.b }} {c} {c} {"d": 1} { e } {1}')).toEqual(["{{ a.b }}", "{c}"]);
});
