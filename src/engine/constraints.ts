import {
  componentNames,
  promptText,
  type Components,
  type Constraints,
  type Example,
} from "../domain/spec.ts";

/** Why a text is dropped before anything is paid for it. */
export interface Violation {
  /** "empty", or the constraint's name as in the request. */
  readonly reason: string;
  /** For the reflection model and for people. */
  readonly detail: string;
}

/**
 * An ideal answer this long, in characters and words, stands in a prompt only because it was copied there. Shorter ones
 * are labels, numbers and names that a good instruction may have to list.
 */
export const LEAK_MIN_CHARACTERS = 24;
export const LEAK_MIN_WORDS = 4;
/** Characters a token has on average; the estimate the contract names. */
export const CHARACTERS_PER_TOKEN = 4;

const PLACEHOLDER = /\{\{\s*[\w.-]+\s*\}\}|\{[A-Za-z_][\w.-]*\}/g;

/** The placeholders of a text, {{like_this}} or {like_this}, each once. */
export function placeholders(text: string): string[] {
  return [...new Set(text.match(PLACEHOLDER) ?? [])];
}

/** A text as it is compared: one space between words, lower case. */
export function normalised(text: string): string {
  return text.trim().replace(/\s+/g, " ").toLowerCase();
}

/** Estimated tokens of a text. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / CHARACTERS_PER_TOKEN);
}

/** The checks of one job. Gives the first violation of a proposed prompt, or undefined. */
export type ConstraintCheck = (proposed: Components) => Violation | undefined;

/**
 * Prepares the checks of a job: every component has text; `must_keep`, `must_not_contain`, `max_characters`,
 * `max_prompt_tokens` over the whole prompt; the seed's placeholders stay in their component; no ideal answer of at
 * least {@link LEAK_MIN_CHARACTERS} characters and {@link LEAK_MIN_WORDS} words that the seed does not hold already;
 * and at most `maxBytes` of UTF-8, the length that worst-case costs are reckoned with.
 */
export function constraintCheck(
  seed: Components,
  constraints: Constraints,
  examples: readonly Example[],
  maxBytes = Number.POSITIVE_INFINITY,
): ConstraintCheck {
  const kept = constraints.allowPlaceholderLoss
    ? []
    : componentNames(seed).flatMap((name) => placeholders(seed[name] ?? "").map((mark) => ({ name, mark })));
  const seedText = normalised(promptText(seed));
  const answers = constraints.allowAnswerCopying
    ? []
    : examples.flatMap(({ id, ideal }) => {
        const answer = normalised(ideal ?? "");
        const meaningful = answer.length >= LEAK_MIN_CHARACTERS && answer.split(" ").length >= LEAK_MIN_WORDS;
        return meaningful && !seedText.includes(answer) ? [{ id, answer }] : [];
      });

  return (proposed) => {
    const text = promptText(proposed);
    for (const name of componentNames(proposed)) {
      if (proposed[name]?.trim() === "")
        return { reason: "empty", detail: `The text of "${name}" is empty.` };
    }
    for (const part of constraints.mustKeep) {
      if (!text.includes(part)) {
        return { reason: "must_keep", detail: `The text must keep ${JSON.stringify(part)} word for word.` };
      }
    }
    for (const part of constraints.mustNotContain) {
      if (text.includes(part)) {
        return { reason: "must_not_contain", detail: `The text must not contain ${JSON.stringify(part)}.` };
      }
    }
    for (const { name, mark } of kept) {
      if (!proposed[name]?.includes(mark)) {
        return { reason: "placeholders", detail: `The placeholder ${mark} must stay in "${name}".` };
      }
    }
    const { maxCharacters, maxPromptTokens } = constraints;
    if (maxCharacters !== undefined && text.length > maxCharacters) {
      return {
        reason: "max_characters",
        detail: `The prompt has ${text.length} characters; at most ${maxCharacters} are allowed.`,
      };
    }
    if (maxPromptTokens !== undefined && estimateTokens(text) > maxPromptTokens) {
      return {
        reason: "max_prompt_tokens",
        detail: `The prompt has about ${estimateTokens(text)} tokens; at most ${maxPromptTokens} are allowed.`,
      };
    }
    if (Buffer.byteLength(text, "utf8") > maxBytes) {
      return {
        reason: "too_long",
        detail: `The prompt has more than the ${maxBytes} bytes that the budget can be kept with.`,
      };
    }
    const normal = normalised(text);
    const leak = answers.find(({ answer }) => normal.includes(answer));
    if (leak) {
      return {
        reason: "answer_copied",
        detail: `The ideal answer of example "${leak.id}" was copied into the prompt; state the rule behind it instead.`,
      };
    }
    return undefined;
  };
}
