import type { GraderSpec } from "../domain/spec.ts";
import type { Grader } from "./grader.ts";
import { idealOf, passOrFail, quoted, textGrader } from "./text.ts";

/** Scores 1 where the output holds the given text, or the ideal where none is given. */
export function createContains(spec: Extract<GraderSpec, { kind: "contains" }>): Grader {
  const normal = (text: string) => (spec.ignoreCase ? text.toLowerCase() : text).normalize("NFC");
  return textGrader({ ...spec }, (input) => {
    const wanted = (spec.text ?? idealOf(input)).trim();
    return normal(input.output).includes(normal(wanted))
      ? passOrFail(true, `The answer contains ${quoted(wanted)}.`)
      : passOrFail(
          false,
          `The answer must contain ${quoted(wanted)} and does not; got ${quoted(input.output)}.`,
        );
  });
}
