import { type AnySchema, Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import { Ajv2020 } from "ajv/dist/2020.js";
import { RE2JS } from "re2js";
import { MAX_COMPILE_MS, MAX_MATCH_MS, watched } from "./watchdog.ts";

/** A compiled JSON Schema, or the sentence that says why it is none. */
export type CompiledSchema =
  | { readonly ok: true; readonly validate: (value: unknown) => readonly string[] }
  | { readonly ok: false; readonly fault: string };

/** Faults that are told of one value; the first few say enough. */
const MAX_FAULTS = 5;

/** Patterns inside a schema come from callers too and run on RE2, in linear time. */
const linearTime = Object.assign(
  (pattern: string) => {
    const compiled = RE2JS.compile(pattern);
    // Ajv keeps the patterns of a schema and of its meta-schema apart by their text.
    return { test: (text: string) => compiled.matcher(text).find(), toString: () => `/${pattern}/` };
  },
  { code: "linearTime" },
);

const OPTIONS = {
  allErrors: true,
  strict: false,
  validateFormats: false, // formats are annotations in 2020-12 unless a vocabulary says otherwise
  logger: false,
  code: { regExp: linearTime },
} as const;

/** Compiles a JSON Schema: 2020-12, or draft-07 where its `$schema` says so. References lead only inside the schema. */
export function compileSchema(schema: Readonly<Record<string, unknown>>): CompiledSchema {
  try {
    // A new instance each time: a shared one would keep every schema it ever saw, by its $id.
    const ajv = String(schema.$schema ?? "").includes("draft-07") ? new Ajv(OPTIONS) : new Ajv2020(OPTIONS);
    const compiled: ValidateFunction = watched(MAX_COMPILE_MS, () => ajv.compile(schema as AnySchema));
    return {
      ok: true,
      validate: (value) =>
        watched(MAX_MATCH_MS, () => compiled(value))
          ? []
          : (compiled.errors ?? []).slice(0, MAX_FAULTS).map(faultOf),
    };
  } catch (error) {
    const why = error instanceof Error ? error.message : "not understood";
    return { ok: false, fault: `is not a JSON Schema that can be used (${why})` };
  }
}

function faultOf(error: ErrorObject): string {
  return `${error.instancePath || "the value"} ${error.message ?? "is not valid"}`;
}
