import { expect, it } from "vitest";
import { readPlainRequest } from "../../../src/models/demo/plain-request.ts";
import { reflectionAnswer } from "../../../src/models/demo/reflection.ts";

const REQUEST = [
  "Told to:",
  "```\nAnswer the customer.\n```",
  "Examples:",
  "```\n# Example 1\n## Inputs\nHow do I pay?\n\n## Generated Outputs\nBy card.\n\n## Feedback\nScore 0 of 1. Missing: fees.\nA good answer: Name the fees.\n\n\n\n# Example 2\n## Inputs\nAnd by bank?\n\n## Generated Outputs\nYes.\n\n## Feedback\nScore 1 of 1. Fine.\n\n## Scores\n### tact\n1\n\n\n```",
  "Write it.",
].join("\n\n");

it("reads the prompt and the examples of a request in gepa's form", () => {
  expect(readPlainRequest(REQUEST)).toEqual([
    { label: "current_prompt.prompt", text: "Answer the customer." },
    { label: "input", text: "How do I pay?" },
    { label: "output", text: "By card." },
    { label: "ideal", text: "Name the fees." },
    { label: "feedback", text: "Score 0 of 1. Missing: fees." },
    { label: "input", text: "And by bank?" },
    { label: "output", text: "Yes." },
    { label: "feedback", text: "Score 1 of 1. Fine." },
  ]);
  expect(readPlainRequest("```\nAnswer.\n```")).toBeUndefined();
});

it("answers such a request with the new text in a fence", () => {
  const answer = reflectionAnswer({
    messages: [{ role: "user", content: REQUEST }],
    maxTokens: 100,
    sampleIndex: 0,
  });
  expect(answer).toMatch(/^The new text .*\n```\nAnswer the customer\.\n\n.*fees[\s\S]*\n```$/);
});
