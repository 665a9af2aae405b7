import { digest } from "../base/digest.ts";
import { type Grade, type GradeInput, type Grader, GraderError } from "./grader.ts";

/** What the graders that call no model share. */

/** Texts are quoted in feedback up to here. */
const MAX_QUOTED_CHARACTERS = 200;

/** A text in quotation marks, cut where it is long. */
export function quoted(text: string): string {
  return text.length <= MAX_QUOTED_CHARACTERS
    ? JSON.stringify(text)
    : `${JSON.stringify(text.slice(0, MAX_QUOTED_CHARACTERS))} (cut, ${text.length} characters in all)`;
}

/** The example's ideal; an example without one can not be graded. */
export function idealOf({ example }: GradeInput): string {
  if (example.ideal === undefined) {
    throw new GraderError("ideal_missing", `Example ${example.id} has no ideal to compare with.`);
  }
  return example.ideal;
}

/** A grade of 1 or 0. */
export function passOrFail(passed: boolean, feedback: string): Grade {
  return { score: passed ? 1 : 0, feedback, objectives: {} };
}

/** A grader that is a function of the output; `decides` is everything but the input that decides a grade. */
export function textGrader(
  decides: Readonly<Record<string, unknown>>,
  grade: (input: GradeInput) => Grade,
): Grader {
  return {
    fingerprint: digest(decides),
    callsPerGrade: 0,
    async grade(input, signal) {
      signal.throwIfAborted();
      return grade(input);
    },
  };
}
