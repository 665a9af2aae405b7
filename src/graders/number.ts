/** Numbers as people and models write them: thousands with commas, decimals with a dot, exponents, a leading minus. */
const NUMBER = /(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][+-]?\d{1,3})?|(?<![\w.])-?\.\d+/g;

/** Only this end of a text is searched; the number asked for comes last. */
const MAX_SEARCHED_CHARACTERS = 20_000;

/** The last number of a text; undefined where it holds none. */
export function lastNumber(text: string): number | undefined {
  const last = text.slice(-MAX_SEARCHED_CHARACTERS).match(NUMBER)?.at(-1);
  if (last === undefined) return undefined;
  const value = Number(last.replaceAll(",", ""));
  return Number.isFinite(value) ? value : undefined;
}
