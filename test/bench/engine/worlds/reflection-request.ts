import { unfence } from "../../../../src/domain/fence.ts";
import type { ModelRequest } from "../../../../src/models/model.ts";

/** What a reflection request shows, whichever profile wrote it. Nothing else reaches a simulated reflection model. */
export interface ReflectionAsk {
  /** How the answer is to look: JSON of changed components, or one text between triple backticks. */
  readonly reply: "json" | "fenced_text";
  /** Texts by component; the name is "" where the request does not say it. */
  readonly prompts: ReadonlyMap<string, string>;
  /** The other parent's texts, in a crossover. */
  readonly others: ReadonlyMap<string, string>;
  /** Components a new text is asked for. */
  readonly asked: readonly string[];
  readonly operator: string;
  readonly examples: readonly ShownExample[];
  readonly lessons: readonly string[];
  readonly rejected: readonly string[];
}

/** One example as it is shown. */
export interface ShownExample {
  readonly input: string;
  readonly output: string;
  readonly ideal: string;
  readonly feedback: string;
}

const CURRENT = "current_prompt.";
const OTHER = "other_prompt.";

/** Reads the request of either profile. */
export function readReflectionRequest(request: ModelRequest): ReflectionAsk {
  const text = request.messages.map((m) => m.content).join("\n");
  return readFences(text, request) ?? readTemplate(text);
}

function readFences(text: string, request: ModelRequest): ReflectionAsk | undefined {
  const prompts = new Map<string, string>();
  const others = new Map<string, string>();
  const examples: ShownExample[] = [];
  const lessons: string[] = [];
  const rejected: string[] = [];
  let operator = "";
  for (const { label, text: content } of unfence(text)) {
    if (label.startsWith(CURRENT)) prompts.set(label.slice(CURRENT.length), content);
    else if (label.startsWith(OTHER)) others.set(label.slice(OTHER.length), content);
    else if (label === "operator") operator = content;
    else if (label === "lesson") lessons.push(content);
    else if (label === "rejected_edit") rejected.push(content);
    else if (label === "input") examples.push({ input: content, output: "", ideal: "", feedback: "" });
    else if (label === "output" || label === "ideal" || label === "feedback") {
      const last = examples.pop();
      if (last) examples.push({ ...last, [label]: content });
    }
  }
  if (prompts.size === 0) return undefined;
  const asked = askedComponents(request).filter((name) => prompts.has(name));
  return {
    reply: "json",
    prompts,
    others,
    asked: asked.length > 0 ? asked : [...prompts.keys()],
    operator,
    examples,
    lessons,
    rejected,
  };
}

/** The names the schema of the answer requires: root, `components`, `required`. */
function askedComponents(request: ModelRequest): string[] {
  const schema = request.responseSchema?.schema as
    | { properties?: { components?: { required?: string[] } } }
    | undefined;
  return schema?.properties?.components?.required ?? [];
}

/** The reference's template: the current text and the examples, each between triple backticks. */
function readTemplate(text: string): ReflectionAsk {
  const [current = "", side = ""] = text.split("```").filter((_, i) => i % 2 === 1);
  const examples = side
    .split(/^# Example \d+$/m)
    .slice(1)
    .map((record) => {
      const field = (name: string) =>
        new RegExp(`^## ${name}$\\n([\\s\\S]*?)(?=^## |$(?![\\s\\S]))`, "m").exec(record)?.[1]?.trim() ?? "";
      return {
        input: field("Inputs"),
        output: field("Generated Outputs"),
        ideal: "",
        feedback: field("Feedback"),
      };
    });
  return {
    reply: "fenced_text",
    prompts: new Map([["", current.trim()]]),
    others: new Map(),
    asked: [""],
    operator: "",
    examples,
    lessons: [],
    rejected: [],
  };
}

/** Renders the changed texts as the request wants them. */
export function reply(
  ask: ReflectionAsk,
  changed: ReadonlyMap<string, string>,
  rationale: string,
  lesson: string,
): string {
  if (ask.reply === "json")
    return JSON.stringify({ components: Object.fromEntries(changed), rationale, lesson });
  const text = changed.get("") ?? ask.prompts.get("") ?? "";
  return `${rationale}\n\`\`\`\n${text}\n\`\`\``;
}
