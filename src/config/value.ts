import { Secret } from "./secret.ts";

/** A value that was read, or the sentence that says what is wrong with the text and what would be right. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly fault: string };

/** How a configured text becomes a value. */
export interface ValueType<T> {
  /** For people: what may stand there, such as "integer from 1 to 65535". */
  readonly shape: string;
  readonly secret: boolean;
  /** `raw` is trimmed and not blank. A fault never repeats a secret. */
  parse(raw: string): Parsed<T>;
}

const ok = <T>(value: T): Parsed<T> => ({ ok: true, value });
const wrong = (fault: string): Parsed<never> => ({ ok: false, fault });

/** Any text. */
export const text: ValueType<string> = { shape: "text", secret: false, parse: ok };

/** Any text that must not be shown. */
export const secret: ValueType<Secret> = {
  shape: "text",
  secret: true,
  parse: (raw) => ok(new Secret(raw)),
};

/** What an Authorization header carries as it was written; bytes beyond ASCII are read as Latin-1, spaces are trimmed. */
const VISIBLE_ASCII = /^[\x21-\x7e]+$/;

/** A token that callers send in a header. */
export const token: ValueType<Secret> = {
  shape: "text",
  secret: true,
  parse: (raw) =>
    VISIBLE_ASCII.test(raw)
      ? ok(new Secret(raw))
      : wrong(
          "holds a token with a space or with characters beyond ASCII, which no caller could send; use letters, digits and punctuation, such as the output of openssl rand -hex 32",
        ),
};

/** A whole number within bounds, both included. */
export function integer(min: number, max: number): ValueType<number> {
  const shape = `integer from ${min} to ${max}`;
  return {
    shape,
    secret: false,
    parse(raw) {
      const value = Number(raw);
      const fits = /^\d+$/.test(raw) && value >= min && value <= max;
      return fits ? ok(value) : wrong(`"${raw}" is not an ${shape}`);
    },
  };
}

/** A number of seconds within bounds, both included; fractions are welcome. */
export function seconds(min: number, max: number): ValueType<number> {
  const shape = `seconds from ${min} to ${max}`;
  return {
    shape,
    secret: false,
    parse(raw) {
      const value = Number(raw);
      const fits = /^\d+(\.\d+)?$/.test(raw) && value >= min && value <= max;
      return fits ? ok(value) : wrong(`"${raw}" is not a number of ${shape}`);
    },
  };
}

const FLAGS: ReadonlyMap<string, boolean> = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

/** true or false. */
export const flag: ValueType<boolean> = {
  shape: "true or false",
  secret: false,
  parse(raw) {
    const value = FLAGS.get(raw.toLowerCase());
    return value === undefined ? wrong(`"${raw}" is neither true nor false`) : ok(value);
  },
};

/** One of a few words. */
export function choice<const T extends string>(words: readonly T[]): ValueType<T> {
  const shape = `one of ${words.join(", ")}`;
  return {
    shape,
    secret: false,
    parse(raw) {
      const word = words.find((w) => w === raw.toLowerCase());
      return word === undefined ? wrong(`"${raw}" is not ${shape}`) : ok(word);
    },
  };
}

/** The address of an HTTP endpoint, without a slash at its end. */
export const httpUrl: ValueType<string> = {
  shape: "http or https URL",
  secret: false,
  parse(raw) {
    const url = URL.canParse(raw) ? new URL(raw) : undefined;
    if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
      return wrong(`"${raw}" is not an http or https URL`);
    }
    if (url.username !== "" || url.password !== "") {
      return wrong("the URL holds a user name or password; give the key in its own variable");
    }
    return ok(raw.replace(/\/+$/, ""));
  },
};

/** Several values as a JSON list or with commas between them. */
export function list<T>(item: ValueType<T>): ValueType<readonly T[]> {
  return {
    shape: `JSON list, or ${item.shape} separated by commas`,
    secret: item.secret,
    parse(raw) {
      const parts = raw.startsWith("[") ? jsonTexts(raw) : raw.split(",");
      if (parts === undefined) return wrong('it starts with "[" but is not a JSON list of texts');
      const values: T[] = [];
      for (const part of parts.map((p) => p.trim()).filter((p) => p !== "")) {
        const parsed = item.parse(part);
        if (!parsed.ok) return parsed;
        values.push(parsed.value);
      }
      return ok(Object.freeze(values));
    },
  };
}

function jsonTexts(raw: string): string[] | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return Array.isArray(value) && value.every((v) => typeof v === "string") ? value : undefined;
  } catch {
    return undefined; // the caller says what is wrong; the parser's own words would repeat a secret
  }
}

/** The origin of a web page, as browsers send it: scheme, host and port. */
export const origin: ValueType<string> = {
  shape: "origin such as https://app.example.com",
  secret: false,
  parse(raw) {
    const value = URL.canParse(raw) ? new URL(raw).origin : undefined;
    return value === raw
      ? ok(raw)
      : wrong(`"${raw}" is not an origin: give scheme, host and port alone, such as https://app.example.com`);
  },
};

/** The address of a Postgres database; secret, for it holds a password. */
export const postgresUrl: ValueType<Secret> = {
  shape: "postgres URL",
  secret: true,
  parse(raw) {
    const url = URL.canParse(raw) ? new URL(raw) : undefined;
    return url !== undefined && ["postgres:", "postgresql:"].includes(url.protocol)
      ? ok(new Secret(raw))
      : wrong("it is not a URL such as postgres://user:password@host:5432/database");
  },
};
