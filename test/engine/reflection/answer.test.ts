import { describe, expect, it } from "vitest";
import { parseAnswer } from "../../../src/engine/reflection/answer.ts";
import type { ModelResponse } from "../../../src/models/model.ts";

const answer = (text: string, finishReason: ModelResponse["finishReason"] = "stop"): ModelResponse => ({
  text,
  finishReason,
  usage: { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 },
});
const TWO = '{"components": {"a": " new ", "b": null}, "rationale": "why", "lesson": "what"}';

describe("an answer", () => {
  for (const [where, text] of [
    ["alone", TWO],
    ["in a code fence", `\`\`\`json\n${TWO}\n\`\`\``],
    ["in prose with braces", `With {care} I changed it: ${TWO} {done}`],
  ] as const) {
    it(`is found ${where}`, () => {
      expect(parseAnswer(answer(text), ["a", "b"])).toEqual({
        kind: "proposal",
        proposal: { components: { a: "new" }, rationale: "why", lesson: "what" },
      });
    });
  }

  it("changes, of several components, those it gives a text for", () => {
    const both = answer('{"components": {"a": "x", "b": "y"}}');
    const left = answer('{"components": {"b": "y"}}');
    expect(parseAnswer(both, ["a", "b"])).toMatchObject({ proposal: { components: { a: "x", b: "y" } } });
    expect(parseAnswer(left, ["a", "b"])).toMatchObject({ proposal: { components: { b: "y" } } });
  });

  it("changes nothing that it was not asked for", () => {
    const more = answer('{"components": {"a": "x", "secret": "y"}}');
    expect(parseAnswer(more, ["a"])).toMatchObject({ proposal: { components: { a: "x" } } });
  });

  for (const [problem, response, detail] of [
    ["cut off", answer(TWO, "length"), "cut off"],
    ["stopped by a filter", answer(TWO, "content_filter"), "content filter"],
    ["without an object", answer("I would write it more clearly."), "no JSON object"],
    ["with an object that is not closed", answer('{"components": {"a": "x"'), "no JSON object"],
    ["without components", answer('{"prompt": "x"}'), "no object `components`"],
    ["with a number for a text", answer('{"components": {"a": 1}}'), 'no text for "a"'],
    ["that leaves everything out", answer('{"components": {"a": null, "b": null}}'), 'no text for "a"'],
  ] as const) {
    it(`${problem} says so, in words that the model can act on`, () => {
      const parsed = parseAnswer(response, ["a"]);
      expect(parsed).toMatchObject({ kind: "malformed", detail: expect.stringContaining(detail) });
    });
  }
});
