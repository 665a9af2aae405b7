import type { FencedText } from "../../domain/fence.ts";

/** Stands for the name of the component, which a request in gepa's form does not say. */
export const PLAIN = "prompt";

/** Headings of an example in gepa's form, and what they are called here. */
const LABELS: Readonly<Record<string, string>> = {
  Inputs: "input",
  "Generated Outputs": "output",
  Feedback: "feedback",
};

/** Before the ideal answer, in the feedback of the profile `reference`. */
const IDEAL = /\nA good answer: ([\s\S]+)$/;

/**
 * A reflection request in gepa's own form (profile `reference`): the prompt, then the examples under headings, each
 * between lines of three backticks. Undefined where it is no such request.
 */
export function readPlainRequest(text: string): FencedText[] | undefined {
  const [, prompt, , examples] = text.split(/^```$/m);
  if (prompt === undefined || !examples?.includes("# Example 1\n")) return undefined;
  const parts = examples.split(/^## (.+)$/m).slice(1);
  const fenced: FencedText[] = [{ label: `current_prompt.${PLAIN}`, text: prompt.trim() }];
  for (let i = 0; i + 1 < parts.length; i += 2) {
    const label = LABELS[parts[i] ?? ""];
    const content = (parts[i + 1] ?? "").replace(/^# Example \d+$/m, "").trim();
    if (label === undefined) continue;
    const ideal = label === "feedback" ? IDEAL.exec(content)?.[1] : undefined;
    if (ideal !== undefined) fenced.push({ label: "ideal", text: ideal });
    fenced.push({ label, text: ideal === undefined ? content : content.replace(IDEAL, "") });
  }
  return fenced;
}
