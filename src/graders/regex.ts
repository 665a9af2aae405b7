import { invalidField } from "../base/errors.ts";
import type { GraderSpec } from "../domain/spec.ts";
import type { Grader } from "./grader.ts";
import { compilePattern } from "./pattern.ts";
import { idealOf, passOrFail, quoted, textGrader } from "./text.ts";
import { MAX_MATCH_MS, watched } from "./watchdog.ts";

/** Scores 1 where the pattern is found in the output and, if asked, its first group (else the match) is the ideal. */
export function createRegex(spec: Extract<GraderSpec, { kind: "regex" }>): Grader {
  const compiled = compilePattern(spec.pattern, spec.ignoreCase);
  if (!compiled.ok) throw invalidField("grader.pattern", compiled.fault);
  const { pattern } = compiled;
  return textGrader({ ...spec }, (input) => {
    const ideal = spec.groupEqualsIdeal ? idealOf(input).trim() : undefined;
    const matcher = pattern.matcher(input.output);
    if (!watched(MAX_MATCH_MS, () => matcher.find())) {
      return passOrFail(
        false,
        `The answer must match the pattern ${quoted(spec.pattern)} and does not; got ${quoted(input.output)}.`,
      );
    }
    const found = ((matcher.groupCount() > 0 ? matcher.group(1) : matcher.group()) ?? "").trim();
    if (ideal === undefined) return passOrFail(true, `The answer matches with ${quoted(found)}.`);
    return found === ideal
      ? passOrFail(true, `The answer gives ${quoted(ideal)} in the expected form.`)
      : passOrFail(
          false,
          `The form is right, but it gives ${quoted(found)} where ${quoted(ideal)} is expected.`,
        );
  });
}
