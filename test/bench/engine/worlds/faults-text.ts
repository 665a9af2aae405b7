import { adviceIn, sectionsOf, topicOf } from "./advice.ts";
import { type AttentionDecay, attentionTo } from "./attention.ts";

/**
 * Prompts of the world of many faults: beside lines of advice and talk they hold worked examples, a line each, such as
 * "Example: a letter about the deadline once => Followed: RULE-03". A demand on form or tone is advice too, once it is said
 * exactly: "[FORM-02] Round the total at the end."; where it is not, the prompt only asks to mind it.
 */
export const VAGUE: readonly string[] = ["Mind the form of the answer.", "Mind the tone of the answer."];

/** A worked example of a rule. */
export function workedExample(line: string, code: string): string {
  return `Example: a letter about ${topicOf(line)} => Followed: ${code}`;
}

/** The rule a line is a worked example of; undefined where it is none. */
export function shownBy(line: string): string | undefined {
  return /^Example: .* => Followed: ([A-Z]+-\d+)/.exec(line)?.[1];
}

/** Demands on form or tone that an exact check names by their code alone, each as often as it is named. */
export function demandsIn(text: string): string[] {
  return text.match(/(?<!\[)\b(?:FORM|TONE)-\d+/g) ?? [];
}

/** What a target makes of a prompt: the attention it has for what is stated, and for what is shown, by code. */
export interface Reading {
  readonly stated: ReadonlyMap<string, number>;
  readonly shown: ReadonlyMap<string, number>;
}

/** Reads a prompt; a worked example takes the room of so many lines. */
export function readFaulty(prompt: string, decay: AttentionDecay, exampleLines: number): Reading {
  const lines = sectionsOf(prompt).flatMap((section) => section.lines);
  const room = (line: string) => (shownBy(line) === undefined ? 1 : exampleLines);
  const length = lines.reduce((sum, line) => sum + room(line), 0);
  const stated = new Map<string, number>();
  const shown = new Map<string, number>();
  const raise = (map: Map<string, number>, code: string, to: number) =>
    map.set(code, Math.max(map.get(code) ?? 0, to));
  let before = 0;
  for (const line of lines) {
    const attention = attentionTo(before, length, decay);
    const code = shownBy(line);
    if (code !== undefined) raise(shown, code, attention);
    for (const advice of adviceIn(line)) raise(stated, advice.code, attention);
    before += room(line);
  }
  return { stated, shown };
}
