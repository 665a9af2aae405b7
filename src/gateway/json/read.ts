import { create, type DescField, type DescMessage, type Message, ScalarType } from "@bufbuild/protobuf";
import { AppError, type FieldViolation } from "../../base/errors.ts";
import { canonicalJson } from "../../base/digest.ts";
import {
  closest,
  enumNames,
  enumNumber,
  fieldOptions,
  foreignField,
  messageOptions,
  visibleFields,
} from "./naming.ts";
import { isStruct, isTimestamp, timestampFrom } from "./well-known.ts";
import type { Json, JsonObject } from "./parse.ts";

/** More faults than this are not listed: nobody repairs more at a time, and the answer stays small. */
export const MAX_VIOLATIONS = 20;

/** A place in the request: as the caller wrote it, and as the contract names it. They differ where an alias was used. */
export interface Place {
  readonly written: string;
  readonly canonical: string;
}

/** What reading one request has found so far. */
export interface Findings {
  readonly violations: FieldViolation[];
  /** Canonical path → the path the caller wrote, for every alias that was used. */
  readonly aliases: Map<string, string>;
}

/** The root of a body, or of the query. */
export const ROOT: Place = { written: "", canonical: "" };

/** Nothing found yet. */
export function noFindings(): Findings {
  return { violations: [], aliases: new Map() };
}

/** Throws a `validation_error` that lists the faults, if there are any. */
export function refuseFaults(findings: Findings): void {
  const [first] = findings.violations;
  if (first === undefined) return;
  const more = findings.violations.length - 1;
  const field = first.field === "" ? "The body" : first.field;
  throw new AppError(
    "validation_error",
    `${field}: ${first.description}${more > 0 ? ` (and ${more} more, see details.violations)` : ""}`,
    { violations: findings.violations },
  );
}

/**
 * Reads a message from JSON in the convention of this service (docs/API.md): snake_case names and their aliases, enums
 * as short lower-case names, 64-bit integers and timestamps (epoch seconds) as numbers, Struct as plain JSON, null as
 * "not given". Faults are added to `findings`; the message is of use only if there are none.
 */
export function readMessage(desc: DescMessage, json: Json, place: Place, findings: Findings): Message {
  const message = create(desc);
  if (!isObject(json)) {
    fault(findings, place, `expected an object, not ${kindOf(json)}.`);
    return message;
  }
  const foreign = foreignField(desc);
  if (foreign !== undefined && Object.hasOwn(json, "type")) {
    assign(message, foreign, json);
    return message;
  }
  const given = new Map<DescField, string>();
  for (const [name, value] of Object.entries(json)) {
    const field = fieldNamed(desc, name, place, findings);
    if (field === undefined || value === null) continue;
    const at = child(place, name, field.name, findings);
    const other = given.get(field);
    if (other !== undefined) {
      if (canonicalJson(json[other]) !== canonicalJson(value)) {
        fault(findings, at, `${other} and ${name} name the same field and differ; give one of them.`);
      }
      continue;
    }
    given.set(field, name);
    const taken = field.oneof && [...given].find(([f]) => f !== field && f.oneof === field.oneof)?.[1];
    if (taken !== undefined) {
      fault(
        findings,
        at,
        `${taken} is given already; give one of ${field.oneof?.fields.map((f) => f.name).join(", ")}.`,
      );
      continue;
    }
    const read = readField(field, value, at, findings);
    if (read !== undefined) assign(message, field, read);
  }
  return message;
}

/** Reads the value of one field; undefined, and a fault, where it does not fit. */
export function readField(field: DescField, json: Json, place: Place, findings: Findings): unknown {
  if (field.fieldKind === "list") {
    if (!Array.isArray(json)) return fault(findings, place, `expected a list, not ${kindOf(json)}.`);
    return json.map((item, i) => readSingle(field, item, indexed(place, String(i)), findings));
  }
  if (field.fieldKind === "map") {
    if (!isObject(json)) return fault(findings, place, `expected an object, not ${kindOf(json)}.`);
    const map: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(json)) {
      map[key] = readSingle(field, item, indexed(place, JSON.stringify(key)), findings);
    }
    return map;
  }
  return readSingle(field, json, place, findings);
}

/** The kinds of one value: a field's own, a list's items, a map's values. */
type Single = Pick<DescField, "scalar" | "enum" | "message">;

function readSingle(type: Single, json: Json, place: Place, findings: Findings): unknown {
  if (type.enum !== undefined) {
    const number = typeof json === "string" ? enumNumber(type.enum, json) : undefined;
    if (number !== undefined) return number;
    return fault(findings, place, `expected one of ${enumNames(type.enum).join(", ")}.`);
  }
  if (type.message !== undefined) {
    if (isTimestamp(type.message)) {
      if (typeof json === "number") return timestampFrom(json);
      return fault(findings, place, `expected seconds since 1970 as a number, not ${kindOf(json)}.`);
    }
    if (isStruct(type.message)) {
      if (isObject(json)) return json;
      return fault(findings, place, `expected an object, not ${kindOf(json)}.`);
    }
    return readMessage(type.message, json, place, findings);
  }
  return readScalar(type.scalar, json, place, findings);
}

function readScalar(type: ScalarType | undefined, json: Json, place: Place, findings: Findings): unknown {
  switch (type) {
    case ScalarType.STRING:
      return typeof json === "string"
        ? json
        : fault(findings, place, `expected a text, not ${kindOf(json)}.`);
    case ScalarType.BOOL:
      return typeof json === "boolean"
        ? json
        : fault(findings, place, `expected true or false, not ${kindOf(json)}.`);
    case ScalarType.DOUBLE:
      return typeof json === "number"
        ? json
        : fault(findings, place, `expected a number, not ${kindOf(json)}.`);
    case ScalarType.INT32:
      if (Number.isInteger(json) && json === ((json as number) | 0)) return json;
      return fault(findings, place, `expected a whole number of at most 32 bits, not ${shown(json)}.`);
    case ScalarType.INT64:
      if (Number.isSafeInteger(json)) return BigInt(json as number);
      return fault(findings, place, `expected a whole number of at most 53 bits, not ${shown(json)}.`);
    default:
      // routes.ts refuses contracts with other scalars before anything is served.
      throw new TypeError(`scalar type ${type} has no REST form`);
  }
}

function fieldNamed(
  desc: DescMessage,
  name: string,
  place: Place,
  findings: Findings,
): DescField | undefined {
  const names = inputNames(desc);
  const field = names.get(name);
  if (field !== undefined) return field;
  const at = { ...place, written: join(place.written, name) };
  const refused = messageOptions(desc).refused.find((r) => r.name === name);
  if (refused !== undefined) return fault(findings, at, refused.reason);
  return fault(findings, at, `there is no such field; ${hint(desc, name)}`);
}

/** What may have been meant by a name that a message has not: one that an inner message has, a similar one, or any. */
function hint(desc: DescMessage, name: string): string {
  const fields = visibleFields(desc);
  const inner = fields.flatMap((field) =>
    field.fieldKind === "message" && !isWellKnown(field.message) && inputNames(field.message).has(name)
      ? [`${field.name}.${name}`]
      : [],
  );
  if (inner.length > 0) return `did you mean ${inner.join(" or ")}?`;
  const near = closest(name, [...inputNames(desc).keys()]);
  if (near !== undefined) return `did you mean ${near}?`;
  return `there are ${fields.map((field) => field.name).join(", ") || "none here"}.`;
}

function isWellKnown(desc: DescMessage): boolean {
  return isStruct(desc) || isTimestamp(desc);
}

const cache = new WeakMap<DescMessage, ReadonlyMap<string, DescField>>();

/** Every name a caller may use for the fields of a message: the field's own first, then its aliases. */
export function inputNames(desc: DescMessage): ReadonlyMap<string, DescField> {
  const known = cache.get(desc);
  if (known !== undefined) return known;
  const names = new Map<string, DescField>();
  for (const field of visibleFields(desc)) {
    for (const name of [field.name, ...fieldOptions(field).aliases]) names.set(name, field);
  }
  cache.set(desc, names);
  return names;
}

/** Sets a field to a value of its generated type; a member of a oneof replaces the others. */
export function assign(message: Message, field: DescField, value: unknown): void {
  const target = message as unknown as Record<string, unknown>;
  if (field.oneof !== undefined) target[field.oneof.localName] = { case: field.localName, value };
  else target[field.localName] = value;
}

function child(place: Place, written: string, canonical: string, findings: Findings): Place {
  const at = { written: join(place.written, written), canonical: join(place.canonical, canonical) };
  if (written !== canonical) findings.aliases.set(at.canonical, at.written);
  return at;
}

function indexed(place: Place, index: string): Place {
  return { written: `${place.written}[${index}]`, canonical: `${place.canonical}[${index}]` };
}

function join(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}

function fault(findings: Findings, place: Place, description: string): undefined {
  if (findings.violations.length < MAX_VIOLATIONS)
    findings.violations.push({ field: place.written, description });
}

function isObject(json: Json): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}

function kindOf(json: Json): string {
  if (json === null) return "null";
  if (Array.isArray(json)) return "a list";
  if (typeof json === "object") return "an object";
  return typeof json === "string" ? "a text" : typeof json === "number" ? "a number" : `${json}`;
}

function shown(json: Json): string {
  return typeof json === "number" ? String(json) : kindOf(json);
}
