/**
 * The prompt of the nearest-sentence classifier: lines `label: description` and demonstrations `question => label`.
 * Other lines are talk and decide nothing.
 */
export type PromptLine =
  | { readonly kind: "description"; readonly label: string; readonly text: string }
  | { readonly kind: "demonstration"; readonly label: string; readonly text: string }
  | { readonly kind: "talk"; readonly text: string };

const DEMONSTRATION = /^(.+) => ([a-z0-9_]+)$/;
const DESCRIPTION = /^([a-z0-9_]+): (.+)$/;

/** Reads a prompt line by line; empty lines are dropped. */
export function readPrompt(prompt: string): PromptLine[] {
  return prompt.split("\n").flatMap((raw): PromptLine[] => {
    const line = raw.trim();
    if (line === "") return [];
    const demonstration = DEMONSTRATION.exec(line);
    if (demonstration)
      return [{ kind: "demonstration", text: demonstration[1] ?? "", label: demonstration[2] ?? "" }];
    const description = DESCRIPTION.exec(line);
    if (description)
      return [{ kind: "description", label: description[1] ?? "", text: description[2] ?? "" }];
    return [{ kind: "talk", text: line }];
  });
}

/** Writes it again. */
export function writePrompt(lines: readonly PromptLine[]): string {
  return lines
    .map((line) => {
      if (line.kind === "talk") return line.text;
      return line.kind === "description" ? `${line.label}: ${line.text}` : `${line.text} => ${line.label}`;
    })
    .join("\n");
}
