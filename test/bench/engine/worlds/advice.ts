import { uniform } from "./chance.ts";

/**
 * Prompts of the simulated worlds are lines. A line that matters is one sentence of advice with a code in front, such
 * as "[PLAN-07] Name the deadline before the price."; a first line like "[plan]" names the component. All else is talk.
 */

const VERBS = "Quote Name Confirm Repeat Check Translate Round Sort Group Attach Explain Mark".split(" ");
const OBJECTS =
  "order number|deadline|price|currency|address|unit|source|total|exception|owner|version|time zone";
const OCCASIONS =
  "before answering|when a date is given|for business customers|at the end|if two values differ|once";

const pick = (words: readonly string[], ...key: (string | number)[]) =>
  words[Math.floor(uniform(...key) * words.length)] as string;

/** The line of a code in the world of a seed. */
export function adviceLine(seed: number, code: string): string {
  const verb = pick(VERBS, seed, code, "verb");
  const object = pick(OBJECTS.split("|"), seed, code, "object");
  return `[${code}] ${verb} the ${object} ${pick(OCCASIONS.split("|"), seed, code, "occasion")}.`;
}

/** What a line of advice is about, such as "the deadline once". */
export function topicOf(line: string): string {
  return line.slice(line.indexOf(" the ") + 1, -1);
}

/** Every line of advice in a text, in order, each at its first place. */
export function adviceIn(text: string): { code: string; line: string }[] {
  const found = new Map<string, string>();
  for (const [line, code] of text.matchAll(/\[([A-Z]+-\d+)\] [^\n[\]]*?\./g)) {
    if (code !== undefined && !found.has(code)) found.set(code, line);
  }
  return [...found].map(([code, line]) => ({ code, line }));
}

/** A line that says nothing; it only makes the prompt longer. */
export function talkLine(u: number): string {
  const talk = [
    "Take your time and be as helpful as you can.",
    "Think about what the reader would want to know.",
    "Remember that quality matters more than speed.",
    "Keep a professional and friendly attitude throughout.",
    "Consider every part of the message with care.",
  ];
  return talk[Math.floor(u * talk.length)] as string;
}

/** One part of a prompt. */
export interface Section {
  /** "" where the prompt names no component. */
  readonly name: string;
  readonly lines: readonly string[];
}

/** The parts of a prompt, told apart by their headings. */
export function sectionsOf(prompt: string): Section[] {
  const sections: { name: string; lines: string[] }[] = [];
  for (const raw of prompt.split("\n")) {
    const line = raw.trim();
    if (line === "") continue;
    const heading = /^\[([a-z_]+)\]$/.exec(line)?.[1];
    if (heading !== undefined) sections.push({ name: heading, lines: [] });
    else {
      if (sections.length === 0) sections.push({ name: "", lines: [] });
      sections.at(-1)?.lines.push(line);
    }
  }
  return sections;
}
