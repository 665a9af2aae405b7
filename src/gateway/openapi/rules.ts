import { type DescField, type DescMessage, type DescOneof, getOption, hasOption } from "@bufbuild/protobuf";
import { FeatureSet_FieldPresence } from "@bufbuild/protobuf/wkt";
import {
  field as fieldOption,
  type FieldRules,
  message as messageOption,
  oneof as oneofOption,
} from "../../../gen/ts/buf/validate/validate_pb.ts";
import type { Schema } from "./document.ts";

/** The protovalidate rules of a field; undefined where it has none. */
export function rulesOf(field: DescField): FieldRules | undefined {
  return hasOption(field, fieldOption) ? getOption(field, fieldOption) : undefined;
}

/** Whether a request without the field is refused: it is required, or its empty value breaks its own rule. */
export function isRequired(field: DescField): boolean {
  const rules = rulesOf(field);
  if (
    rules === undefined ||
    (field.presence === FeatureSet_FieldPresence.EXPLICIT && field.message === undefined)
  )
    return rules?.required ?? false;
  const { type } = rules;
  return (
    rules.required ||
    (type.case === "string" && type.value.minLen > 0n) ||
    (type.case === "repeated" && type.value.minItems > 0n) ||
    (type.case === "map" && type.value.minPairs > 0n)
  );
}

/** Whether one case of the oneof must be given. */
export function isRequiredOneof(oneof: DescOneof): boolean {
  return getOption(oneof, oneofOption).required;
}

/** What the rules over several fields say, in words. */
export function messageRules(desc: DescMessage): string[] {
  return getOption(desc, messageOption).cel.map((rule) => `Rule: ${rule.message}.`);
}

/** The JSON Schema keywords that say what a field's rules say. Numbers that cannot matter (0 as a least length) are left out. */
export function ruleKeywords(rules: FieldRules | undefined): Schema {
  const type = rules?.type;
  switch (type?.case) {
    case "string": {
      const { minLen, maxLen, pattern, in: allowed, wellKnown } = type.value;
      return {
        ...(minLen > 0n && { minLength: Number(minLen) }),
        ...(maxLen > 0n && { maxLength: Number(maxLen) }),
        ...(pattern !== "" && { pattern }),
        ...(allowed.length > 0 && { enum: allowed.filter((value) => value !== "") }),
        ...(wellKnown.case === "uri" && { format: "uri" }),
      };
    }
    case "int32":
    case "int64":
    case "double": {
      const { greaterThan, lessThan } = type.value;
      return {
        ...(greaterThan.case === "gte" && { minimum: Number(greaterThan.value) }),
        ...(greaterThan.case === "gt" && { exclusiveMinimum: Number(greaterThan.value) }),
        ...(lessThan.case === "lte" && { maximum: Number(lessThan.value) }),
        ...(lessThan.case === "lt" && { exclusiveMaximum: Number(lessThan.value) }),
      };
    }
    case "repeated":
      return {
        ...(type.value.minItems > 0n && { minItems: Number(type.value.minItems) }),
        ...(type.value.maxItems > 0n && { maxItems: Number(type.value.maxItems) }),
        ...(type.value.unique && { uniqueItems: true }),
      };
    case "map":
      return {
        ...(type.value.minPairs > 0n && { minProperties: Number(type.value.minPairs) }),
        ...(type.value.maxPairs > 0n && { maxProperties: Number(type.value.maxPairs) }),
        ...(type.value.keys && { propertyNames: ruleKeywords(type.value.keys) }),
      };
    default:
      return {};
  }
}

/** The rules of a list's items or a map's values. */
export function itemRules(rules: FieldRules | undefined): FieldRules | undefined {
  const type = rules?.type;
  return type?.case === "repeated" ? type.value.items : type?.case === "map" ? type.value.values : undefined;
}
