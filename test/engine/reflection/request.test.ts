import { describe, expect, it } from "vitest";
import { type ReflectionBrief, reflectionRequest } from "../../../src/engine/reflection/request.ts";

const brief = (...components: string[]): ReflectionBrief => ({
  current: Object.fromEntries(components.map((name) => [name, `text of ${name}`])),
  operator: { name: "reflect", order: "Rewrite the text." },
  context: {},
  lessons: [],
  rejectedEdits: [],
  attempts: [],
});
const textOf = (request: ReturnType<typeof reflectionRequest>) =>
  request.messages.map((m) => m.content).join("\n");
const typesOf = (request: ReturnType<typeof reflectionRequest>) =>
  JSON.parse(JSON.stringify(request.responseSchema?.schema)).properties.components;

describe("the request for a proposal", () => {
  it("asks for the one component of a plain prompt", () => {
    const request = reflectionRequest(brief("prompt"), 0);
    expect(textOf(request)).toContain('Write the new text of the component "prompt".');
    expect(typesOf(request)).toMatchObject({
      properties: { prompt: { type: "string" } },
      required: ["prompt"],
    });
  });

  it("shows every component of a program and lets the model say which one fails; the others may stay", () => {
    const request = reflectionRequest(brief("find", "write"), 0);
    expect(textOf(request)).toContain("text of find");
    expect(textOf(request)).toContain("text of write");
    expect(textOf(request)).toMatch(/which of the components "find", "write" the failures come from/);
    expect(typesOf(request)).toMatchObject({
      properties: { find: { type: ["string", "null"] }, write: { type: ["string", "null"] } },
      required: ["find", "write"],
    });
  });

  it("says what was wrong with the answer before", () => {
    const again = reflectionRequest(brief("prompt"), 1, "It holds no JSON object.");
    expect(textOf(again)).toContain("could not be used: It holds no JSON object.");
    expect(again.sampleIndex).toBe(1);
  });
});
