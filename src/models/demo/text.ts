import { sha256 } from "../../base/digest.ts";

/** Plain text processing for the simulated models: words, stems, points. It knows English grammar words and no subject. */

/** Texts are read up to here; what stands behind does not change a simulated answer. */
const MAX_READ_CHARACTERS = 20_000;

/** Points taken from one text; more would make every simulated score a matter of tiny fractions. */
const MAX_POINTS = 8;

/** Words of a point that are kept; enough to say what is meant, too few to copy an answer into a prompt. */
const MAX_POINT_WORDS = 6;

const STOP_WORDS = new Set(
  `a about after again all also am an and any are as at be because been before being both but by can could did do does
  doing don't down each either else ever every few for from further get gets getting give gives got had has hasn't have
  haven't having he her here his how i i'd i'm i've if in into is isn't it it's its just let like may me might more most
  much must my need needed no nor not now of off on once one only or other our out over own please same she should so
  some such than that the their them then there these they this those through to too under until up us use very want was
  way we were what when where which while who whom whose why will with would you your yours answer answers output
  response responses correct good well makes make someone something anything everything help tell go going went`.split(
    /\s+/,
  ),
);

/** Lower-case words in order; a hyphenated or underscored word counts as its parts. */
export function words(text: string): string[] {
  return (
    text
      .slice(0, MAX_READ_CHARACTERS)
      .toLowerCase()
      .match(/[\p{L}\p{N}]+(?:['’][\p{L}]+)?/gu) ?? []
  );
}

/** A word without its commonest English endings, so that "cards" and "card", "arrival" and "arrive" meet. */
export function stem(word: string): string {
  const bare = word.replace(/['’]\p{L}+$/u, "");
  const cut = bare.replace(/(?:ations?|ings?|ies|ied|als?|ed|es|s|e|y)$/u, "");
  return cut.length >= 3 ? cut : bare;
}

/** The words that carry meaning, in order, each once. */
export function contentWords(text: string): string[] {
  return [...new Set(words(text).filter((word) => word.length > 1 && !STOP_WORDS.has(word)))];
}

/** Stems of all words of a text. */
export function stems(text: string): Set<string> {
  return new Set(words(text).map(stem));
}

/** Whether most of a point's meaning words occur in a text. */
export function covers(textStems: ReadonlySet<string>, point: string): boolean {
  const wanted = contentWords(point);
  if (wanted.length === 0) return true;
  const found = wanted.filter((word) => textStems.has(stem(word))).length;
  return found >= (wanted.length <= 2 ? wanted.length : Math.ceil(wanted.length * 0.6));
}

/** Splits a text into the short points it makes: its sentences, lines and enumerated parts. */
export function keyPoints(text: string): string[] {
  const parts = text
    .slice(0, MAX_READ_CHARACTERS)
    .split(/[\n;•]+|(?<=[.!?])\s+|,\s+|\s+and\s+/)
    .map((part) => part.replace(/^[\s\-*\d.)]+/, "").replace(/[\s.!?:]+$/, ""))
    .filter((part) => contentWords(part).length > 0)
    .map((part) => {
      const all = part.split(/\s+/);
      return all.length <= MAX_POINT_WORDS ? part : contentWords(part).slice(0, MAX_POINT_WORDS).join(" ");
    });
  return [...new Map(parts.map((part) => [part.toLowerCase(), part])).values()].slice(0, MAX_POINTS);
}

/** Numbers of a text in order; thousands separators are understood. */
export function numbers(text: string): number[] {
  const found = text.slice(-MAX_READ_CHARACTERS).match(/-?\d[\d,]*(?:\.\d+)?/g) ?? [];
  return found.map((token) => Number(token.replaceAll(",", ""))).filter(Number.isFinite);
}

/** A fixed pseudo-random number in [0, 1) of some texts. */
export function chance(...texts: readonly string[]): number {
  return Number.parseInt(sha256(texts.join("\u0000")).slice(0, 12), 16) / 2 ** 48;
}

/** Tokens of a text by the usual rule of thumb, four characters each. */
export function estimateTokens(text: string): number {
  return Math.ceil(text.length / 4);
}

/** First letter in upper case. */
export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
