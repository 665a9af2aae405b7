/**
 * RFC 8259, read strictly: a name that stands twice in an object, a lone surrogate and deep nesting are refused, and
 * an error knows its line and column. `JSON.parse` does none of these, and a caller who sends "seed" twice should
 * not learn from the result which one won.
 */

/** Any JSON value. Objects have no prototype, so that no name in them means anything to JavaScript. */
export type Json = null | boolean | number | string | Json[] | JsonObject;
/** A JSON object. */
export type JsonObject = { [name: string]: Json };

/** Deepest nesting that is read (OWASP API4); the contract itself needs less than half of it. */
export const MAX_JSON_DEPTH = 32;

/** The text is not acceptable JSON. `line` and `column` count from 1. */
export class JsonError extends Error {
  override readonly name = "JsonError";
  readonly line: number;
  readonly column: number;

  constructor(problem: string, text: string, at: number) {
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    const column = at - before.lastIndexOf("\n");
    super(`${problem} at line ${line}, column ${column}`);
    this.line = line;
    this.column = column;
  }
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

/** Reads one JSON value that fills the whole text. Throws {@link JsonError}. */
export function parseJson(text: string): Json {
  let at = 0;
  const fail = (problem: string, where = at): never => {
    throw new JsonError(problem, text, where);
  };
  const skipSpace = () => {
    SPACE.lastIndex = at;
    SPACE.test(text);
    at = SPACE.lastIndex;
  };
  const found = () => (at < text.length ? `found ${JSON.stringify(text[at])}` : "the text ends");
  const take = (char: string, wanted: string) => {
    if (text[at] !== char) fail(`expected ${wanted}, but ${found()},`);
    at += 1;
  };

  const readString = (): string => {
    const start = at;
    let end = text.indexOf('"', at + 1);
    while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
    if (end === -1) fail("a string is not closed; it begins", start);
    at = end + 1;
    let value: unknown;
    try {
      value = JSON.parse(text.slice(start, at));
    } catch {
      fail("a string holds a control character or a wrong escape; it begins", start);
    }
    if (/\p{Surrogate}/u.test(value as string))
      fail("a string holds half of a surrogate pair; it begins", start);
    return value as string;
  };

  const readNumber = (): number => {
    NUMBER.lastIndex = at;
    const token = NUMBER.exec(text)?.[0] ?? fail(`expected a value, but ${found()},`);
    const value = Number(token);
    if (!Number.isFinite(value)) fail("a number is too large");
    at += token.length;
    return value;
  };

  const readObject = (depth: number): JsonObject => {
    const object: JsonObject = Object.create(null);
    at += 1;
    skipSpace();
    if (text[at] === "}") {
      at += 1;
      return object;
    }
    for (;;) {
      skipSpace();
      const nameAt = at;
      if (text[at] !== '"') fail(`expected a name in double quotes, but ${found()},`);
      const name = readString();
      if (name in object)
        fail(`the name ${JSON.stringify(name)} stands twice in one object; the second is`, nameAt);
      if (name === "__proto__") fail(`the name "__proto__" is not accepted; it stands`, nameAt);
      skipSpace();
      take(":", "a colon");
      object[name] = readValue(depth + 1);
      skipSpace();
      if (text[at] === "}") break;
      take(",", 'a comma or "}"');
    }
    at += 1;
    return object;
  };

  const readArray = (depth: number): Json[] => {
    const array: Json[] = [];
    at += 1;
    skipSpace();
    if (text[at] === "]") {
      at += 1;
      return array;
    }
    for (;;) {
      array.push(readValue(depth + 1));
      skipSpace();
      if (text[at] === "]") break;
      take(",", 'a comma or "]"');
    }
    at += 1;
    return array;
  };

  const readValue = (depth: number): Json => {
    skipSpace();
    if (depth > MAX_JSON_DEPTH) fail(`the JSON is nested deeper than ${MAX_JSON_DEPTH} levels`);
    const char = text[at];
    if (char === "{") return readObject(depth);
    if (char === "[") return readArray(depth);
    if (char === '"') return readString();
    for (const [word, value] of WORDS) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return value;
      }
    }
    return readNumber();
  };

  const value = readValue(1);
  skipSpace();
  if (at < text.length) fail(`the JSON ends, but ${found()} follows`);
  return value;
}

function isEscaped(text: string, quote: number): boolean {
  let slashes = 0;
  while (text[quote - 1 - slashes] === "\\") slashes += 1;
  return slashes % 2 === 1;
}
