import type { GraderSpec } from "../domain/spec.ts";
import type { Grader } from "./grader.ts";
import { idealOf, quoted, textGrader } from "./text.ts";

type Spec = Extract<GraderSpec, { kind: "similarity" }>;

/** Texts are compared up to here; the edit distance takes the product of both lengths in steps. */
const MAX_COMPARED_CHARACTERS = 4_000;

/** The measures by name: symmetric, 1 for equal texts and 0 for texts with nothing in common. */
const MEASURES = {
  token_f1: tokenF1,
  levenshtein: editSimilarity,
  rouge_l: rougeL,
} as const satisfies Record<Spec["metric"], (a: string, b: string) => number>;

/** Scores how close the output is to the ideal, or with a threshold whether it is close enough. Case is ignored. */
export function createSimilarity(spec: Spec): Grader {
  const measure = MEASURES[spec.metric];
  return textGrader({ ...spec }, (input) => {
    const ideal = idealOf(input);
    const likeness = measure(normal(input.output), normal(ideal));
    const passed = spec.threshold === undefined ? undefined : likeness >= spec.threshold;
    const limit = spec.threshold === undefined ? "" : ` (${spec.threshold} is wanted)`;
    return {
      score: passed === undefined ? likeness : Number(passed),
      feedback:
        likeness === 1
          ? "The answer says the same as the expected one."
          : `The ${spec.metric} similarity is ${likeness.toFixed(2)}${limit}. Expected ${quoted(ideal)}, got ${quoted(input.output)}.`,
      objectives: {},
    };
  });
}

function normal(text: string): string {
  return text.slice(0, MAX_COMPARED_CHARACTERS).normalize("NFC").toLowerCase().trim();
}

function tokens(text: string): string[] {
  return text.match(/[\p{L}\p{N}_]+/gu) ?? [];
}

function f1(common: number, a: number, b: number): number {
  if (a === 0 && b === 0) return 1;
  return common === 0 ? 0 : (2 * common) / (a + b);
}

/** Harmonic mean of precision and recall over words with their multiplicity, as in SQuAD (Rajpurkar et al., 2016). */
export function tokenF1(a: string, b: string): number {
  const left = tokens(a);
  const right = tokens(b);
  const counts = new Map<string, number>();
  for (const token of right) counts.set(token, (counts.get(token) ?? 0) + 1);
  let common = 0;
  for (const token of left) {
    const count = counts.get(token) ?? 0;
    if (count === 0) continue;
    counts.set(token, count - 1);
    common++;
  }
  return f1(common, left.length, right.length);
}

/** One minus the edit distance (Levenshtein, 1966) by the longer length, over UTF-16 code units. */
export function editSimilarity(a: string, b: string): number {
  const longest = Math.max(a.length, b.length);
  if (longest === 0) return 1;
  let previous = Uint32Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = new Uint32Array(b.length + 1);
    current[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const replace = (previous[j - 1] ?? 0) + (a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1);
      current[j] = Math.min(replace, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1);
    }
    previous = current;
  }
  return 1 - (previous[b.length] ?? 0) / longest;
}

/** F-measure of the longest common subsequence of words, ROUGE-L with β = 1 (Lin, 2004). */
export function rougeL(a: string, b: string): number {
  const left = tokens(a);
  const right = tokens(b);
  let previous = new Uint32Array(right.length + 1);
  for (const token of left) {
    const current = new Uint32Array(right.length + 1);
    for (const [j, other] of right.entries()) {
      current[j + 1] =
        token === other ? (previous[j] ?? 0) + 1 : Math.max(previous[j + 1] ?? 0, current[j] ?? 0);
    }
    previous = current;
  }
  return f1(previous[right.length] ?? 0, left.length, right.length);
}
