import type { GraderSpec } from "../domain/spec.ts";
import { type Grader, GraderError } from "./grader.ts";
import { lastNumber } from "./number.ts";
import { idealOf, passOrFail, quoted, textGrader } from "./text.ts";

/** Room for the rounding of binary fractions, so that 0.1 + 0.2 equals 0.3. */
const ROUNDING = 1e-9;

/** Scores 1 where the last number of the output is the ideal's, up to the tolerance (of the ideal, if relative). */
export function createNumeric(spec: Extract<GraderSpec, { kind: "numeric" }>): Grader {
  return textGrader({ ...spec }, (input) => {
    const expected = lastNumber(idealOf(input));
    if (expected === undefined) {
      throw new GraderError("ideal_missing", `The ideal of example ${input.example.id} holds no number.`);
    }
    const got = lastNumber(input.output);
    if (got === undefined) {
      return passOrFail(
        false,
        `The answer should end with the number ${expected} and holds none; got ${quoted(input.output)}.`,
      );
    }
    const room = (spec.relative ? spec.tolerance * Math.abs(expected) : spec.tolerance) + ROUNDING;
    return Math.abs(got - expected) <= room
      ? passOrFail(true, `The final number ${got} is right.`)
      : passOrFail(
          false,
          `The final number should be ${expected}, got ${got}. The last number of the answer counts.`,
        );
  });
}
