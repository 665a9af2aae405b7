import type { DescField, DescMessage, Message } from "@bufbuild/protobuf";
import { fieldValue } from "./json/print.ts";

/**
 * The fields that a dotted path such as "job.etag" goes through, from a message down. Throws an Error that names the
 * path where it leads nowhere: a fault of the contract, found at start-up.
 */
export function resolvePath(desc: DescMessage, path: string): readonly DescField[] {
  const fields: DescField[] = [];
  let at: DescMessage | undefined = desc;
  for (const name of path.split(".")) {
    const field: DescField | undefined = at?.fields.find((f) => f.name === name);
    if (field === undefined) throw new Error(`${desc.typeName} has no field ${path}.`);
    fields.push(field);
    at = field.fieldKind === "message" ? field.message : undefined;
  }
  return fields;
}

/** The value at the end of the path; undefined where it, or a message on the way, is unset. */
export function readPath(message: Message, path: readonly DescField[]): unknown {
  return path.reduce<unknown>((at, field) => at && fieldValue(at as Message, field), message);
}
