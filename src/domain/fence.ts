import { sha256 } from "../base/digest.ts";

/**
 * Texts of callers and models are put into prompts as data, never as instructions: each stands between two marks that
 * carry a code made from the text itself, so that no text can close its own fence. The same text always gives the
 * same marks, so that equal calls stay equal.
 */

/** A fenced text that was found in a prompt. */
export interface FencedText {
  /** What it is, such as "input" or "current_prompt.main". */
  readonly label: string;
  readonly text: string;
}

/** Puts a text between marks. The label holds letters, digits, `_`, `.` and `-`. */
export function fence(label: string, text: string): string {
  const code = sha256(`${label}\n${text}`).slice(0, 12);
  return `<data ${label} ${code}>\n${text}\n</data ${label} ${code}>`;
}

const OPEN = /^<data ([\w.-]+) ([0-9a-f]{12})>\n/gm;

/** The fenced texts of a prompt, in order; those inside another fenced text are part of that text. */
export function unfence(prompt: string): FencedText[] {
  const found: FencedText[] = [];
  OPEN.lastIndex = 0;
  for (let open = OPEN.exec(prompt); open !== null; open = OPEN.exec(prompt)) {
    const [mark, label, code] = open as unknown as [string, string, string];
    const start = open.index + mark.length;
    const end = prompt.indexOf(`\n</data ${label} ${code}>`, start);
    if (end < 0) continue;
    const text = prompt.slice(start, end);
    if (sha256(`${label}\n${text}`).slice(0, 12) !== code) continue;
    found.push({ label, text });
    OPEN.lastIndex = end;
  }
  return found;
}
