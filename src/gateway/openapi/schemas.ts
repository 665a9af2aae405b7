import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import { enumNames, fieldOptions, foreignField, messageOptions, visibleFields } from "../json/naming.ts";
import { isStruct, isTimestamp } from "../json/well-known.ts";
import type { Comments } from "./comments.ts";
import type { Schema } from "./document.ts";
import { EXAMPLES } from "./examples.ts";
import { isRequired, isRequiredOneof, itemRules, messageRules, ruleKeywords, rulesOf } from "./rules.ts";

/** Collects the schemas of messages under their short names, each with everything it refers to. */
export interface SchemaBook {
  /**
   * A reference to a message a caller sends: unknown names are refused, `required` is what the rules demand. Fields that
   * come by another way, such as the path, are `without`.
   */
  input(desc: DescMessage, without?: ReadonlySet<string>): Schema;
  /** A reference to a message the service sends: `required` is what always stands. */
  output(desc: DescMessage): Schema;
  /** The schema of a single field, with its rules and its comment. */
  field(field: DescField): Schema;
  /** All schemas by name, sorted. */
  schemas(): Record<string, Schema>;
}

/** An empty book. Messages that are sent both ways, such as the spec, must be asked for as input first. */
export function createSchemaBook(comments: Comments): SchemaBook {
  const schemas = new Map<string, Schema>();

  const refer = (desc: DescMessage, isInput: boolean, without: ReadonlySet<string> = new Set()): Schema => {
    if (!schemas.has(desc.name)) {
      schemas.set(desc.name, {}); // a place-holder, which ends the recursion of a message that holds itself
      schemas.set(desc.name, messageSchema(desc, isInput, without));
    }
    return { $ref: `#/components/schemas/${desc.name}` };
  };

  const messageSchema = (desc: DescMessage, isInput: boolean, without: ReadonlySet<string>): Schema => {
    const description = [
      comments.ofType(desc.typeName),
      ...messageRules(desc),
      ...messageOptions(desc).refused.map(({ name, reason }) => `\`${name}\` is refused: ${reason}`),
    ].join(" ");
    const examples = EXAMPLES[desc.typeName];
    const head = { title: desc.name, description, ...(examples && { examples }) };
    const tagged = messageOptions(desc).taggedOneof;
    if (tagged !== "") return { ...head, oneOf: taggedCases(desc, tagged, isInput) };
    const object = objectSchema(desc, isInput, without);
    const foreign = foreignField(desc);
    if (foreign === undefined) return { ...head, ...object };
    const foreignForm = {
      type: "object",
      description: comments.ofField(foreign),
      properties: { type: { type: "string" } },
      required: ["type"],
    };
    return { ...head, anyOf: [object, foreignForm] };
  };

  const objectSchema = (desc: DescMessage, isInput: boolean, without: ReadonlySet<string>): Schema => {
    const fields = visibleFields(desc).filter((field) => !without.has(field.name));
    const properties: Record<string, Schema> = {};
    for (const field of fields) {
      properties[field.name] = fieldSchema(field, isInput);
      for (const alias of isInput ? fieldOptions(field).aliases : []) {
        properties[alias] = { ...fieldSchema(field, isInput), description: `The same as \`${field.name}\`.` };
      }
    }
    const required = fields.filter(isInput ? isRequired : alwaysStands).map((field) => field.name);
    const oneof = isInput ? desc.oneofs.find(isRequiredOneof) : undefined;
    return {
      type: "object",
      properties,
      ...(isInput && { additionalProperties: false }),
      ...(required.length > 0 && { required }),
      ...(oneof && { oneOf: fields.filter((f) => f.oneof === oneof).map((f) => ({ required: [f.name] })) }),
    };
  };

  /** One object schema a case: a reader can tell the cases apart by `type`. */
  const taggedCases = (desc: DescMessage, tagged: string, isInput: boolean): Schema[] => {
    const [first, ...others] = visibleFields(desc).filter((field) => field.oneof === undefined);
    const cases = visibleFields(desc).filter((field) => field.oneof?.name === tagged);
    const header = (fields: readonly DescField[]) =>
      Object.fromEntries(fields.map((field) => [field.name, fieldSchema(field, isInput)]));
    return cases.map((field) => ({
      type: "object",
      title: field.name,
      description: comments.ofField(field),
      properties: {
        ...header(first === undefined ? [] : [first]),
        type: { const: field.name },
        ...header(others),
        [tagged]: fieldSchema(field, isInput),
      },
      required: [first?.name ?? "", "type", ...others.map((f) => f.name), tagged],
    }));
  };

  const fieldSchema = (field: DescField, isInput: boolean): Schema => {
    const description = comments.ofField(field);
    const rules = rulesOf(field);
    const keywords = ruleKeywords(rules);
    if (field.fieldKind === "list") {
      const items = { ...singleSchema(field, isInput), ...ruleKeywords(itemRules(rules)) };
      return { type: "array", items, ...keywords, description };
    }
    if (field.fieldKind === "map") {
      const values = { ...singleSchema(field, isInput), ...ruleKeywords(itemRules(rules)) };
      return { type: "object", additionalProperties: values, ...keywords, description };
    }
    const single = singleSchema(field, isInput);
    return {
      ...single,
      ...keywords,
      description: [description, single.description].filter(Boolean).join(" "),
    };
  };

  const singleSchema = (field: DescField, isInput: boolean): Schema => {
    if (field.enum !== undefined) return { type: "string", enum: enumNames(field.enum), ...enumText(field) };
    if (field.message === undefined) return SCALARS[field.scalar as SupportedScalar];
    if (isTimestamp(field.message))
      return { type: "number", description: "Seconds since 1970, milliseconds after the point." };
    if (isStruct(field.message)) return { type: "object", additionalProperties: true };
    return refer(field.message, isInput);
  };

  const enumText = (field: DescField): Schema => {
    if (field.enum === undefined) return {};
    const names = enumNames(field.enum);
    const values = field.enum.values.filter((value) => value.number !== 0);
    const lines = values.map(
      (value, i) => `\`${names[i]}\`: ${comments.ofEnumValue(field.enum?.typeName ?? "", value.name)}`,
    );
    return { description: lines.join(" ") };
  };

  return {
    input: (desc, without) => refer(desc, true, without),
    output: (desc) => refer(desc, false),
    field: (field) => fieldSchema(field, true),
    schemas: () => Object.fromEntries([...schemas].sort(([a], [b]) => (a < b ? -1 : 1))),
  };
}

/** Whether the printer never leaves the field out: see `restJson`. */
function alwaysStands(field: DescField): boolean {
  if (field.fieldKind === "list" || field.fieldKind === "map") return true;
  return (
    field.fieldKind === "scalar" &&
    field.scalar !== ScalarType.STRING &&
    field.presence === FeatureSet_FieldPresence.IMPLICIT
  );
}

type SupportedScalar =
  | ScalarType.STRING
  | ScalarType.BOOL
  | ScalarType.DOUBLE
  | ScalarType.INT32
  | ScalarType.INT64;

const SCALARS: Readonly<Record<SupportedScalar, Schema>> = {
  [ScalarType.STRING]: { type: "string" },
  [ScalarType.BOOL]: { type: "boolean" },
  [ScalarType.DOUBLE]: { type: "number" },
  [ScalarType.INT32]: { type: "integer", format: "int32" },
  [ScalarType.INT64]: { type: "integer", format: "int64" },
};
