import type { Rng } from "../../../../src/base/rng.ts";
import { adviceLine, talkLine } from "./advice.ts";
import { uniform } from "./chance.ts";
import { VAGUE, workedExample } from "./faults-text.ts";

/** What can be wrong with a seed prompt. */
export interface Faults {
  /** Rules it does not state. */
  readonly missing: number;
  /** Rules the target hardly follows in words, but well once it is shown how. */
  readonly unshown: number;
  /** Demands on the form of the answer, and on its tone, that it does not say exactly. */
  readonly form: number;
  readonly tone: number;
  /** Lines of talk, repetitions of rules, and worked examples of rules that need none. */
  readonly talk: number;
  readonly repetitions: number;
  readonly needless: number;
}

/** Something cases can need: a rule, or a demand on form or tone. */
export interface Need {
  readonly code: string;
  readonly line: string;
  readonly kind: "rule" | "unshown" | "form" | "tone";
}

/** The code of the k-th of its kind. */
export function codeOf(letters: string, k: number): string {
  return `${letters.toUpperCase()}-${String(k + 1).padStart(2, "0")}`;
}

/**
 * How much of each fault the task of a seed has: with probability `present` at least one, and at most so many; none of
 * what there is nothing of at most.
 */
export function drawFaults(seed: number, present: number, most: Faults): Faults {
  const amount = (kind: keyof Faults) =>
    most[kind] > 0 && uniform(seed, "fault", kind) < present
      ? 1 + Math.floor(uniform(seed, "amount", kind) * most[kind])
      : 0;
  return {
    missing: amount("missing"),
    unshown: amount("unshown"),
    form: amount("form"),
    tone: amount("tone"),
    talk: amount("talk"),
    repetitions: amount("repetitions"),
    needless: amount("needless"),
  };
}

/** The rules of a task, some of which have to be shown. */
export function rulesOf(count: number, { unshown }: Faults, seed: number, rng: Rng): Need[] {
  const rules = needsOf(seed, "prompt", count, "rule");
  const hard = new Set(rng.sample(rules, unshown));
  return rules.map((rule) => (hard.has(rule) ? { ...rule, kind: "unshown" } : rule));
}

/** The demands on form and tone. */
export function demandsOf({ form, tone }: Faults, seed: number): Need[] {
  return [...needsOf(seed, "form", form, "form"), ...needsOf(seed, "tone", tone, "tone")];
}

function needsOf(seed: number, letters: string, count: number, kind: Need["kind"]): Need[] {
  return Array.from({ length: count }, (_, k) => {
    const code = codeOf(letters, k);
    return { code, line: adviceLine(seed, code), kind };
  });
}

/** The task in one line, and below it whatever has gathered there, in no order. */
export function seedPrompt(rules: readonly Need[], faults: Faults, rng: Rng): string {
  const known = rng.sample(rules, rules.length - faults.missing);
  const easy = known.filter((r) => r.kind === "rule");
  const some = (count: number, line: () => string) => Array.from({ length: count }, line);
  const body = [
    ...known.map((r) => r.line),
    ...VAGUE,
    ...some(faults.talk, () => talkLine(rng.random())),
    ...some(faults.repetitions, () => rng.choice(known).line),
    ...easy.slice(0, faults.needless).map((r) => workedExample(r.line, r.code)),
  ];
  rng.shuffle(body);
  return ["You answer letters from customers.", ...body].join("\n");
}
