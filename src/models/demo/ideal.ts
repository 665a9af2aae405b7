import { asksForBrevity, asksForBullets, sameWords } from "./instructions.ts";
import { contentWords, covers, keyPoints, numbers, stems, words } from "./text.ts";

/** How a simulated reader understands an ideal answer or a rubric: what kind it is, and what an output lacks. */

/** What is asked for. */
export type Ideal =
  | { readonly kind: "number"; readonly value: number }
  | { readonly kind: "label"; readonly label: string }
  | {
      readonly kind: "points";
      readonly points: readonly string[];
      readonly brief: boolean;
      readonly bullets: boolean;
    };

/** Words of an ideal that is taken for a label rather than for something to write about. */
const MAX_LABEL_WORDS = 3;

/** What any answer should have where nobody says what is wanted. */
const GENERAL_POINTS = ["a concrete example", "the main limitation", "a next step"];

/** Up to this many words an answer counts as brief in full, and from the second number on not at all. */
const BRIEF_WORDS = 80;
const LONG_WORDS = 180;

/** Understands the ideal, else the rubric, else what is good in general. */
export function readIdeal(ideal: string | undefined, rubric: string | undefined): Ideal {
  const text = ideal?.trim() ?? "";
  if (/^[-$€£]?\d[\d,]*(?:\.\d+)?%?$/.test(text)) return { kind: "number", value: numbers(text)[0] ?? 0 };
  const isLabel = text !== "" && text.split(/\s+/).length <= MAX_LABEL_WORDS && !/[,;\n]/.test(text);
  if (isLabel) return { kind: "label", label: text };
  const style = `${text}\n${rubric ?? ""}`;
  const wanted = text !== "" ? keyPoints(text).map(withoutVerb) : namedIn(keyPoints(rubric ?? ""));
  const points = wanted.filter((point) => !isStyle(point));
  return {
    kind: "points",
    points: points.length === 0 && text === "" ? GENERAL_POINTS : points,
    brief: asksForBrevity(style),
    bullets: asksForBullets(style),
  };
}

/** How people begin a point that an answer has to make. */
const VERBS = "(?:mention|name|include|cover|give|explain|state|describe|list|compare|use)s?";
const LEADING_VERB = new RegExp(`^(?:${VERBS}|says?|notes?)\\s+(?:that\\s+)?`, "i");
const NAMED = new RegExp(`\\b${VERBS}\\s+(?<point>.+)$`, "i");

function withoutVerb(point: string): string {
  return point.replace(LEADING_VERB, "");
}

/** A rubric also says how to grade; only what it wants to be named is a point. */
function namedIn(points: readonly string[]): string[] {
  return points.flatMap((point) => NAMED.exec(point)?.groups?.point ?? []);
}

function isStyle(point: string): boolean {
  return (asksForBrevity(point) || asksForBullets(point)) && contentWords(point).length <= 3;
}

/** What an output has and lacks. */
export type Comparison =
  | {
      readonly kind: "number";
      readonly score: number;
      readonly place: "end" | "elsewhere" | "wrong" | "missing";
    }
  | { readonly kind: "label"; readonly score: number; readonly place: "alone" | "within" | "missing" }
  | {
      readonly kind: "points";
      readonly score: number;
      readonly covered: readonly string[];
      readonly missing: readonly string[];
      readonly words: number;
      readonly tooLong: boolean;
      readonly noBullets: boolean;
    };

/** Credit for the right answer in the wrong form, and for a wrong number in the right form. */
const MISPLACED = 0.5;
const WELL_FORMED = 0.2;

/** Share of the score that staying with the subject earns; the rest is what was asked for. */
const RELEVANCE_WEIGHT = 0.25;

/** Holds an output against what is asked for. Scores are in [0, 1]. */
export function compare(ideal: Ideal, input: string, output: string): Comparison {
  switch (ideal.kind) {
    case "number": {
      const found = numbers(output);
      const isLast = /\d[\d.,%]*\s*$/.test(output);
      const place =
        isLast && found.at(-1) === ideal.value
          ? "end"
          : found.includes(ideal.value)
            ? "elsewhere"
            : isLast
              ? "wrong"
              : "missing";
      const score = { end: 1, elsewhere: MISPLACED, wrong: WELL_FORMED, missing: 0 }[place];
      return { kind: "number", place, score };
    }
    case "label": {
      const within = ` ${words(output).join(" ")} `.includes(` ${words(ideal.label).join(" ")} `);
      const place = sameWords(output, ideal.label) ? "alone" : within ? "within" : "missing";
      return { kind: "label", place, score: { alone: 1, within: MISPLACED, missing: 0 }[place] };
    }
    case "points":
      return comparePoints(ideal, input, output);
  }
}

function comparePoints(ideal: Extract<Ideal, { kind: "points" }>, input: string, output: string): Comparison {
  const said = stems(output);
  const covered = ideal.points.filter((point) => covers(said, point));
  const missing = ideal.points.filter((point) => !covers(said, point));
  const count = words(output).length;
  const marks = covered.map(() => 1).concat(missing.map(() => 0));
  if (ideal.brief) marks.push(Math.min(1, Math.max(0, (LONG_WORDS - count) / (LONG_WORDS - BRIEF_WORDS))));
  if (ideal.bullets) marks.push(/^\s*[-*•]/m.test(output) ? 1 : 0);
  const asked = contentWords(input).slice(0, 8);
  const onSubject = asked.filter((word) => covers(said, word)).length / Math.max(1, asked.length);
  const mean = marks.reduce((sum, mark) => sum + mark, 0) / Math.max(1, marks.length);
  return {
    kind: "points",
    score: count === 0 ? 0 : RELEVANCE_WEIGHT * onSubject + (1 - RELEVANCE_WEIGHT) * mean,
    covered,
    missing,
    words: count,
    tooLong: ideal.brief && count > BRIEF_WORDS,
    noBullets: ideal.bullets && !/^\s*[-*•]/m.test(output),
  };
}
