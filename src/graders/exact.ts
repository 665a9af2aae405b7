import type { GraderSpec } from "../domain/spec.ts";
import type { Grader } from "./grader.ts";
import { idealOf, passOrFail, quoted, textGrader } from "./text.ts";

/** Scores 1 where output and ideal are equal in Unicode's composed form (NFC); white space at the ends is not counted unless asked. */
export function createExact(spec: Extract<GraderSpec, { kind: "exact" }>): Grader {
  const normal = (text: string) => {
    const composed = text.normalize("NFC");
    const trimmed = spec.keepWhitespace ? composed : composed.trim();
    return spec.ignoreCase ? trimmed.toLowerCase() : trimmed;
  };
  return textGrader({ ...spec }, (input) => {
    const ideal = idealOf(input);
    if (normal(input.output) === normal(ideal)) return passOrFail(true, "Exactly the expected answer.");
    const isWithin = normal(ideal) !== "" && normal(input.output).includes(normal(ideal));
    const hint = isWithin ? " The expected answer is in there; give it alone, with nothing around it." : "";
    return passOrFail(false, `Expected exactly ${quoted(ideal)}, got ${quoted(input.output)}.${hint}`);
  });
}
