import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { isStruct, isTimestamp } from "./well-known.ts";
import { fieldOptions, messageOptions, visibleFields } from "./naming.ts";

const SCALARS: ReadonlySet<ScalarType> = new Set([
  ScalarType.STRING,
  ScalarType.BOOL,
  ScalarType.DOUBLE,
  ScalarType.INT32,
  ScalarType.INT64,
]);

/**
 * Throws an Error for anything in reach of a message that the JSON convention has no form for, or where two fields
 * answer to one name. Called at start-up, so that a reader or writer can rely on it.
 */
export function refuseUnsupported(desc: DescMessage, seen = new Set<DescMessage>()): void {
  if (seen.has(desc) || isStruct(desc) || isTimestamp(desc)) return;
  seen.add(desc);
  if (desc.typeName.startsWith("google.protobuf.")) throw new Error(`${desc.typeName} has no REST form.`);
  const names = visibleFields(desc).flatMap((field) => [field.name, ...fieldOptions(field).aliases]);
  const refused = messageOptions(desc).refused.map((r) => r.name);
  if (new Set([...names, ...refused]).size < names.length + refused.length) {
    throw new Error(`${desc.typeName}: two fields, aliases or refused names are the same.`);
  }
  for (const field of desc.fields) {
    if (field.scalar !== undefined && !SCALARS.has(field.scalar))
      throw new Error(`${field} has no REST form.`);
    if (isKeyedByOther(field)) throw new Error(`${field}: only text keys have a REST form.`);
    if (field.message !== undefined) refuseUnsupported(field.message, seen);
  }
}

function isKeyedByOther(field: DescField): boolean {
  return field.fieldKind === "map" && field.mapKey !== ScalarType.STRING;
}
