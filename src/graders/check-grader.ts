import type { FieldViolation } from "../base/errors.ts";
import type { Example, GraderSpec } from "../domain/spec.ts";
import { lastNumber } from "./number.ts";
import { compilePattern } from "./pattern.ts";
import { compileSchema } from "./schema.ts";

/** Examples named one by one; more of the same fault tell nothing new. */
const MAX_NAMED_EXAMPLES = 10;

/**
 * What would keep a grader from grading these examples, found before anything is paid: patterns and schemas that do
 * not compile, parts of one name, ideals that are missing or hold no number. Empty where all is well. Fields are named as REST names them.
 */
export function checkGrader(spec: GraderSpec, examples: readonly Example[]): FieldViolation[] {
  return [
    ...checkSpec(spec, "grader"),
    ...repeatedNames(spec),
    ...checkIdeals(spec, examples).slice(0, MAX_NAMED_EXAMPLES),
  ];
}

function checkSpec(spec: GraderSpec, path: string): FieldViolation[] {
  switch (spec.kind) {
    case "regex": {
      const compiled = compilePattern(spec.pattern, spec.ignoreCase);
      return compiled.ok ? [] : [{ field: `${path}.regex.pattern`, description: compiled.fault }];
    }
    case "json_schema": {
      const compiled = compileSchema(spec.schema);
      return compiled.ok ? [] : [{ field: `${path}.json_schema.schema`, description: compiled.fault }];
    }
    case "multi":
      return spec.graders.flatMap((part, i) => checkSpec(part.grader, `${path}.multi.graders[${i}].grader`));
    case "contains": {
      if (spec.text === undefined || spec.text.trim() !== "") return [];
      const description = "is blank, and every output contains that; write what to look for, or leave it out";
      return [{ field: `${path}.contains.text`, description }];
    }
    case "judge":
    case "exact":
    case "numeric":
    case "similarity":
      return [];
  }
}

/** Parts are told as objectives by their names, at whatever depth: of two with one name the score of one would be lost. */
function repeatedNames(spec: GraderSpec): FieldViolation[] {
  const firstAt = new Map<string, string>();
  return partsOf(spec, "grader").flatMap(({ name, path }) => {
    const first = firstAt.get(name);
    if (first === undefined) {
      firstAt.set(name, path);
      return [];
    }
    const description = `is "${name}", as that of ${first}; give each part a name of its own`;
    return [{ field: `${path}.name`, description }];
  });
}

function partsOf(spec: GraderSpec, path: string): { readonly name: string; readonly path: string }[] {
  if (spec.kind !== "multi") return [];
  return spec.graders.flatMap(({ name, grader }, i) => {
    const at = `${path}.multi.graders[${i}]`;
    return [{ name, path: at }, ...partsOf(grader, `${at}.grader`)];
  });
}

/** What a grader needs of every ideal. */
type Need = "nothing" | "text" | "number";

function needOf(spec: GraderSpec): Need {
  switch (spec.kind) {
    case "exact":
    case "similarity":
      return "text";
    case "contains":
      return spec.text === undefined ? "text" : "nothing";
    case "regex":
      return spec.groupEqualsIdeal ? "text" : "nothing";
    case "numeric":
      return "number";
    case "multi": {
      const needs = spec.graders.map((part) => needOf(part.grader));
      return needs.find((need) => need === "number") ?? needs.find((need) => need === "text") ?? "nothing";
    }
    case "judge":
    case "json_schema":
      return "nothing";
  }
}

function checkIdeals(spec: GraderSpec, examples: readonly Example[]): FieldViolation[] {
  const need = needOf(spec);
  if (need === "nothing") return [];
  return examples.flatMap((example, i) => {
    const field = `examples[${i}].ideal`;
    if (example.ideal === undefined) {
      return [{ field, description: `is needed by the ${spec.kind} grader; give every example an ideal` }];
    }
    return need === "number" && lastNumber(example.ideal) === undefined
      ? [{ field, description: "holds no number, which the numeric grader compares with" }]
      : [];
  });
}
