import type { DescField, Message } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import type { DescMessage } from "@bufbuild/protobuf";

/**
 * Paths of the fields of a message, and of all messages in it, that are not set or hold their default: what a
 * conversion has forgotten. Of a oneof one case is enough.
 */
export function unsetFields(schema: DescMessage, message: Message, path = ""): string[] {
  const found = reflect(schema, message);
  return found.sortedFields.flatMap((field) => {
    const here = path === "" ? field.name : `${path}.${field.name}`;
    const inOtherCase = field.oneof !== undefined && found.oneofCase(field.oneof) !== field;
    if (inOtherCase) return [];
    if (!found.isSet(field)) return [here];
    return nested(field, message).flatMap((one) => unsetFields(one.schema, one.message, here));
  });
}

function nested(field: DescField, message: Message): { schema: DescMessage; message: Message }[] {
  if (field.message === undefined || field.message.typeName.startsWith("google.protobuf.")) return [];
  const schema = field.message;
  const owner = message as unknown as Record<string, unknown>;
  const holder =
    field.oneof === undefined
      ? owner[field.localName]
      : (owner[field.oneof.localName] as { value: unknown }).value;
  const values =
    field.fieldKind === "list"
      ? (holder as Message[])
      : field.fieldKind === "map"
        ? Object.values(holder as object)
        : [holder];
  return values.map((value) => ({ schema, message: value as Message }));
}
