/** Output cap of the reflection model: room for a long prompt, its rationale, and what a reasoning model thinks first. */
export const REFLECTION_MAX_TOKENS = 16_384;
/** Answers a proposal may ask for: the first, and one more that is told what was wrong with it. */
export const MAX_REFLECTION_ATTEMPTS = 2;
/**
 * Failures that are known already and shown beside the minibatch: they cost no rollout, and a rule that several of them
 * ask for is no accident. More would make the request long without telling more.
 */
export const SHOWN_FAILURES = 12;
/** Lessons that are shown, the youngest: what older ones say stands in the prompts by then, or did not stay there. */
export const SHOWN_LESSONS = 6;
/** Rejected edits of a parent that are shown: the last few warn enough. */
export const SHOWN_REJECTED_EDITS = 3;
/** Longest input, output, ideal, feedback or context shown; a reflection prompt must fit every model's window. */
export const MAX_SHOWN_CHARACTERS = 8_000;
/** UTF-8 bytes a character takes at most (a surrogate pair, four bytes, counts as two characters). */
const BYTES_PER_CHARACTER = 3;
/** Bytes that say how much was left out. */
const LEFT_OUT_BYTES = 48;
/** The most that one shown text can take, in bytes and therefore in tokens. */
const MAX_SHOWN_TOKENS = MAX_SHOWN_CHARACTERS * BYTES_PER_CHARACTER + LEFT_OUT_BYTES;

/** The most that a text of so many bytes takes once it is {@link shown}: it may be cut just where that saves nothing. */
export function shownTokens(bytes: number): number {
  return Math.min(bytes + LEFT_OUT_BYTES, MAX_SHOWN_TOKENS);
}

/** A text at its shown length; what is left out is said. */
export function shown(text: string): string {
  if (text.length <= MAX_SHOWN_CHARACTERS) return text;
  const left = text.length - MAX_SHOWN_CHARACTERS;
  return `${text.slice(0, MAX_SHOWN_CHARACTERS)}\n[${left} more characters left out]`;
}
