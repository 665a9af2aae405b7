import type { Components } from "../../domain/spec.ts";
import type { ModelResponse } from "../../models/model.ts";

/** What the reflection model proposes. */
export interface Proposal {
  /** New texts, of those of the components it was asked for that are to change. */
  readonly components: Components;
  readonly rationale: string;
  /** Empty where it says nothing. */
  readonly lesson: string;
}

/** A proposal, or what is wrong with the answer as a sentence. */
export type ParsedAnswer =
  | { readonly kind: "proposal"; readonly proposal: Proposal }
  | { readonly kind: "malformed"; readonly detail: string };

/** Object starts tried in one answer; an answer with more braces than this in its prose is not an answer. */
const MAX_STARTS = 64;

/**
 * Reads an answer: a JSON object alone, in a code fence, or somewhere in prose. Asked for one component it must give a
 * text; of several it may leave out, or set to null, those that stay as they are.
 */
export function parseAnswer(response: ModelResponse, components: readonly string[]): ParsedAnswer {
  if (response.finishReason === "length") return malformed("It was cut off before its end; be shorter.");
  if (response.finishReason === "content_filter")
    return malformed("The provider's content filter stopped it.");
  const objects = jsonObjects(response.text);
  if (objects.length === 0) return malformed("It holds no JSON object.");
  const answer = objects.find((o) => isRecord(o.components));
  if (!answer) return malformed("Its JSON object has no object `components`.");

  const texts = answer.components as Record<string, unknown>;
  const given = components.filter((name) => typeof texts[name] === "string");
  if (given.length === 0) {
    const names = components.map((name) => JSON.stringify(name)).join(" or ");
    return malformed(`\`components\` has no text for ${names}.`);
  }
  const text = (value: unknown) => (typeof value === "string" ? value.trim() : "");
  return {
    kind: "proposal",
    proposal: {
      components: Object.fromEntries(given.map((name) => [name, text(texts[name])])),
      rationale: text(answer.rationale),
      lesson: text(answer.lesson),
    },
  };
}

function malformed(detail: string): ParsedAnswer {
  return { kind: "malformed", detail };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The outermost JSON objects of a text, in order. */
function jsonObjects(text: string): Record<string, unknown>[] {
  const found: Record<string, unknown>[] = [];
  let from = text.indexOf("{");
  for (let tries = 0; from >= 0 && tries < MAX_STARTS; tries++) {
    const end = closingBrace(text, from);
    const value = end < 0 ? undefined : parse(text.slice(from, end + 1));
    if (isRecord(value)) found.push(value);
    from = text.indexOf("{", value === undefined ? from + 1 : end + 1);
  }
  return found;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined; // Prose may hold braces too; the next ones are tried.
  }
}

/** Index of the brace that closes the one at `open`, minding strings; -1 where none does. */
function closingBrace(text: string, open: number): number {
  let depth = 0;
  let inString = false;
  for (let i = open; i < text.length; i++) {
    const c = text[i];
    if (inString) {
      if (c === "\\") i++;
      else if (c === '"') inString = false;
    } else if (c === '"') inString = true;
    else if (c === "{") depth++;
    else if (c === "}" && --depth === 0) return i;
  }
  return -1;
}
