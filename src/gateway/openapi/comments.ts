import type { DescField, DescMethod } from "@bufbuild/protobuf";
import type { FileDescriptorProto, FileDescriptorSet } from "@bufbuild/protobuf/wkt";

/** The comment above a declaration, as one paragraph; empty where there is none. */
export interface Comments {
  /** Of a message, an enum or a service, by its full name. */
  ofType(typeName: string): string;
  ofField(field: DescField): string;
  ofMethod(method: DescMethod): string;
  ofEnumValue(enumName: string, valueName: string): string;
}

/** Reads the comments of a descriptor set that was built with source info (`buf build`). */
export function readComments(set: FileDescriptorSet): Comments {
  const texts = new Map<string, string>();
  for (const file of set.file) {
    for (const { path, leadingComments } of file.sourceCodeInfo?.location ?? []) {
      const name = nameAt(file, path);
      if (name !== undefined && leadingComments !== "")
        texts.set(`${file.package}.${name}`, paragraph(leadingComments));
    }
  }
  const text = (name: string) => texts.get(name) ?? "";
  return {
    ofType: text,
    ofField: (field) => text(`${field.parent.typeName}.${field.name}`),
    ofMethod: (method) => text(`${method.parent.typeName}.${method.name}`),
    ofEnumValue: (enumName, valueName) => text(`${enumName}.${valueName}`),
  };
}

/** Field numbers in FileDescriptorProto: message_type = 4, enum_type = 5, service = 6; all three list members as 2. */
function nameAt(file: FileDescriptorProto, path: readonly number[]): string | undefined {
  const [kind, index = -1, members, member = -1, ...deeper] = path;
  if (deeper.length > 0 || (members !== undefined && members !== 2)) return undefined;
  const parent =
    kind === 4
      ? file.messageType[index]
      : kind === 5
        ? file.enumType[index]
        : kind === 6
          ? file.service[index]
          : undefined;
  if (parent === undefined || members === undefined) return parent?.name;
  const list = "field" in parent ? parent.field : "value" in parent ? parent.value : parent.method;
  return list[member] && `${parent.name}.${list[member].name}`;
}

function paragraph(comment: string): string {
  return comment
    .split("\n")
    .map((line) => line.trim())
    .join(" ")
    .trim();
}
