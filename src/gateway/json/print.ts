import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence, type Timestamp } from "@bufbuild/protobuf/wkt";
import { enumName, messageOptions, visibleFields } from "./naming.ts";
import { epochSeconds, isStruct, isTimestamp } from "./well-known.ts";
import type { Json, JsonObject } from "./parse.ts";

/**
 * Prints a message as JSON in the convention of this service. Numbers, booleans, lists and maps always stand, so that
 * a reader may rely on them; empty texts, unset enums, and whatever has an unset state of its own (optional fields,
 * messages, members of a oneof) are left out.
 */
export function restJson(desc: DescMessage, message: Message): JsonObject {
  const tagged = messageOptions(desc).taggedOneof;
  return tagged === "" ? printFields(visibleFields(desc), message) : printTagged(desc, message, tagged);
}

/** The first field, `type`, the other fields, and the value of the case that is set. */
function printTagged(desc: DescMessage, message: Message, name: string): JsonObject {
  const header = visibleFields(desc).filter((field) => field.oneof === undefined);
  const set = visibleFields(desc).find(
    (field) => field.oneof?.name === name && fieldValue(message, field) !== undefined,
  );
  return {
    ...printFields(header.slice(0, 1), message),
    ...(set && { type: set.name }),
    ...printFields(header.slice(1), message),
    ...(set && { [name]: printField(set, fieldValue(message, set)) }),
  };
}

function printFields(fields: readonly DescField[], message: Message): JsonObject {
  const json: JsonObject = {};
  for (const field of fields) {
    const value = fieldValue(message, field);
    if (value !== undefined && !isLeftOut(field, value)) json[field.name] = printField(field, value);
  }
  return json;
}

function isLeftOut(field: DescField, value: unknown): boolean {
  if (field.fieldKind === "enum") return enumName(field.enum, value as number) === undefined;
  return value === "" && field.presence === FeatureSet_FieldPresence.IMPLICIT;
}

/** The field's value in its generated form; undefined where it is unset. */
export function fieldValue(message: Message, field: DescField): unknown {
  const values = message as unknown as Record<string, unknown>;
  if (field.oneof === undefined) return values[field.localName];
  const chosen = values[field.oneof.localName] as { case: string | undefined; value?: unknown };
  return chosen.case === field.localName ? chosen.value : undefined;
}

/** Prints the value of one field. */
export function printField(field: DescField, value: unknown): Json {
  switch (field.fieldKind) {
    case "list":
      return (value as unknown[]).map((item) => printSingle(field, item));
    case "map": {
      const entries = Object.entries(value as Record<string, unknown>);
      return Object.fromEntries(entries.map(([key, item]) => [key, printSingle(field, item)]));
    }
    default:
      return printSingle(field, value);
  }
}

function printSingle(type: Pick<DescField, "scalar" | "enum" | "message">, value: unknown): Json {
  if (type.enum !== undefined) return enumName(type.enum, value as number) ?? null;
  if (type.message === undefined) return typeof value === "bigint" ? Number(value) : (value as Json);
  if (isTimestamp(type.message)) return epochSeconds(value as Timestamp);
  if (isStruct(type.message)) return value as Json;
  return restJson(type.message, value as Message);
}
