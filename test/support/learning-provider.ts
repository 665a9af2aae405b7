import { type FencedText, unfence } from "../../src/domain/fence.ts";
import type { SeenRequest } from "./openai-server.ts";

/** What a request to the scripted provider is for, read off the request itself. */
export type Purpose = "target" | "judge" | "reflection";

/** The role whose call this is: structured output names the judge's and the reflection's. */
export function purposeOf({ body }: SeenRequest): Purpose {
  switch (body.response_format?.json_schema.name) {
    case "judgement":
      return "judge";
    case "proposal":
      return "reflection";
    default:
      return "target";
  }
}

/** The fenced texts of a request's user message under a label. */
export function fenced({ body }: SeenRequest, label: string): string[] {
  const user = body.messages.find((message) => message.role === "user")?.content ?? "";
  return unfence(user)
    .filter((text: FencedText) => text.label === label)
    .map((text) => text.text);
}

/** The instruction of a target request. */
export function instructionOf({ body }: SeenRequest): string {
  return body.messages.find((message) => message.role === "system")?.content ?? "";
}

/**
 * A world with one thing to learn. The fact stands in no prompt and no input; the target answers with it only where its
 * instruction holds it; the judge rewards an answer that has it (or, inverted, one that has not) and names it in its
 * feedback; the reflection model puts into the instruction what the feedback names.
 */
export function learningProvider(
  fact: string,
  options: { readonly inverted?: boolean } = {},
): (request: SeenRequest) => string {
  return (request) => {
    switch (purposeOf(request)) {
      case "target":
        return instructionOf(request).includes(fact) ? `As you know, ${fact}.` : "I can not say.";
      case "judge": {
        const has = (fenced(request, "output")[0] ?? "").includes(fact);
        return JSON.stringify({
          score: has !== (options.inverted ?? false) ? 1 : 0,
          feedback: has ? "It says what matters." : `It should have said that ${fact}.`,
          criteria: {},
        });
      }
      case "reflection": {
        const told = fenced(request, "feedback").map((text) => /said that (.*)\.$/s.exec(text)?.[1]);
        const learnt = told.find((text) => text !== undefined) ?? "be helpful";
        const before = fenced(request, "current_prompt.prompt")[0] ?? "";
        return JSON.stringify({
          components: { prompt: `${before}\nRemember: ${learnt}.` },
          rationale: "The feedback names it.",
          lesson: "Say what the feedback asks for.",
        });
      }
    }
  };
}
