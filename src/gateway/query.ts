import { type DescField, type Message, ScalarType } from "@bufbuild/protobuf";
import { AppError } from "../base/errors.ts";
import { canonicalJson } from "../base/digest.ts";
import { assign, type Findings, readField } from "./json/read.ts";
import { closest } from "./json/naming.ts";
import type { Json } from "./json/parse.ts";
import type { Route } from "./routes.ts";

/**
 * What the query gave: its fields by their contract, so that headers and query can not contradict each other
 * unnoticed, and the one cursor parameter as text, which has rules of its own.
 */
export interface QueryValues {
  readonly fields: ReadonlyMap<DescField, Json>;
  readonly cursor: string | undefined;
}

/**
 * Reads a query string against the parameters a route declares. Throws `bad_request` that names an unknown parameter,
 * or one given twice with different content; a list parameter may repeat. Values that do not fit their field are
 * added to `findings`.
 */
export function readQuery(route: Route, search: string): QueryValues {
  const texts = new Map<DescField, { name: string; values: string[] }>();
  for (const [name, value] of new URLSearchParams(search)) {
    const field = route.query.get(name);
    if (field === undefined) throw unknownParameter(route, name);
    const given = texts.get(field);
    if (given === undefined) texts.set(field, { name, values: [value] });
    else if (field.fieldKind === "list") given.values.push(value);
    else if (given.values[0] !== value) throw contradiction(given.name, name);
  }
  const stream = route.answer.kind === "events" ? route.answer.stream : undefined;
  const fields = new Map<DescField, Json>();
  let cursor: string | undefined;
  for (const [field, { values }] of texts) {
    if (field === stream?.cursor) cursor = values[0];
    else if (field.fieldKind === "list")
      fields.set(
        field,
        values.map((text) => toJson(field, text)),
      );
    else fields.set(field, toJson(field, values[0] ?? ""));
  }
  return { fields, cursor };
}

/** Puts what the query gave into the request message. */
export function applyQuery(query: QueryValues, message: Message, findings: Findings): void {
  for (const [field, json] of query.fields) {
    const value = readField(field, json, { written: field.name, canonical: field.name }, findings);
    if (value !== undefined) assign(message, field, value);
  }
}

/** Whether the query gave this field with other content than `text`. */
export function contradicts(query: QueryValues, field: DescField, text: string): boolean {
  const json = query.fields.get(field);
  return json !== undefined && canonicalJson(json) !== canonicalJson(text);
}

/** A query holds text only: what looks like the field's kind becomes it, the rest is left for the reader to refuse. */
function toJson(field: DescField, text: string): Json {
  switch (field.scalar) {
    case ScalarType.BOOL:
      return text === "true" ? true : text === "false" ? false : text;
    case ScalarType.INT32:
    case ScalarType.INT64:
    case ScalarType.DOUBLE:
      return /^-?[0-9]{1,40}(\.[0-9]{1,40})?$/.test(text) ? Number(text) : text;
    default:
      return text;
  }
}

function unknownParameter(route: Route, name: string): AppError {
  const known = [...route.query.keys()];
  const near = closest(name, known);
  const list = known.length === 0 ? "It takes none." : `It takes ${known.join(", ")}.`;
  const description = `There is no query parameter ${name} here. ${near ? `Did you mean ${near}?` : list}`;
  return new AppError("bad_request", description, { violations: [{ field: name, description }] });
}

function contradiction(a: string, b: string): AppError {
  const what = a === b ? `The query parameter ${a} is given twice` : `${a} and ${b} name the same parameter`;
  const description = `${what} with different content; give it once.`;
  return new AppError("bad_request", description, { violations: [{ field: b, description }] });
}
