import { invalidField } from "../base/errors.ts";
import type { GraderSpec } from "../domain/spec.ts";
import type { Grader } from "./grader.ts";
import { compileSchema } from "./schema.ts";
import { passOrFail, quoted, textGrader } from "./text.ts";

/** Outputs beyond this are not parsed; no output cap in use allows as much. */
const MAX_JSON_CHARACTERS = 1_000_000;

/** Scores 1 where the output is JSON that satisfies the schema. A code fence around the JSON counts as part of the output. */
export function createJsonSchema(spec: Extract<GraderSpec, { kind: "json_schema" }>): Grader {
  const compiled = compileSchema(spec.schema);
  if (!compiled.ok) throw invalidField("grader.schema", compiled.fault);
  return textGrader({ ...spec }, ({ output }) => {
    let value: unknown;
    try {
      if (output.length > MAX_JSON_CHARACTERS) throw new RangeError("too long");
      value = JSON.parse(output);
    } catch {
      return passOrFail(
        false,
        `The answer must be JSON alone, without text or code fences around it; got ${quoted(output)}.`,
      );
    }
    const faults = compiled.validate(value);
    return faults.length === 0
      ? passOrFail(true, "The answer is JSON as the schema wants it.")
      : passOrFail(false, `The answer is JSON, but: ${faults.join("; ")}.`);
  });
}
