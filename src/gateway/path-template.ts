/**
 * Path templates of google.api.http, the part of its grammar that this service uses: literal segments and `{field}`,
 * which stands for exactly one segment. `**`, `*`, `{a=b/*}`, `{a.b}` and custom verbs (`:verb`) are refused.
 */
export interface PathTemplate {
  /** The template as it was written. */
  readonly text: string;
  readonly segments: readonly Segment[];
}

/** One segment between two slashes. */
export type Segment =
  | { readonly kind: "literal"; readonly text: string }
  | { readonly kind: "field"; readonly name: string };

const LITERAL = /^[A-Za-z0-9._~-]+$/;
const FIELD = /^\{([a-z][a-z0-9_]*)\}$/;

/** Reads a template. Throws an Error that quotes it where it needs what is not supported: a fault of the contract. */
export function parsePathTemplate(text: string): PathTemplate {
  if (!text.startsWith("/")) throw new Error(`Path template ${text}: it must begin with a slash.`);
  const names = new Set<string>();
  const segments = text
    .slice(1)
    .split("/")
    .map((part): Segment => {
      const name = FIELD.exec(part)?.[1];
      if (name !== undefined) {
        if (names.has(name)) throw new Error(`Path template ${text}: {${name}} stands in it twice.`);
        names.add(name);
        return { kind: "field", name };
      }
      if (LITERAL.test(part)) return { kind: "literal", text: part };
      throw new Error(`Path template ${text}: "${part}" is neither a literal segment nor {field}.`);
    });
  return { text, segments };
}

/** The raw text of each field if `path` fits the template, still percent-encoded; undefined if it does not. */
export function matchPath(template: PathTemplate, path: readonly string[]): Map<string, string> | undefined {
  if (path.length !== template.segments.length) return undefined;
  const values = new Map<string, string>();
  for (const [i, segment] of template.segments.entries()) {
    const part = path[i] ?? "";
    if (segment.kind === "literal") {
      if (part !== segment.text) return undefined;
    } else {
      if (part === "") return undefined;
      values.set(segment.name, part);
    }
  }
  return values;
}

/** Whether some path fits both templates. */
export function overlaps(a: PathTemplate, b: PathTemplate): boolean {
  if (a.segments.length !== b.segments.length) return false;
  return a.segments.every((left, i) => {
    const right = b.segments[i];
    return left.kind === "field" || right?.kind !== "literal" || left.text === right.text;
  });
}

/** Fills `{a.b}` places with percent-encoded values, as a Location header needs it. */
export function expandTemplate(template: string, valueAt: (path: string) => string): string {
  return template.replace(/\{([a-z0-9_.]+)\}/g, (_, path: string) => encodeURIComponent(valueAt(path)));
}
