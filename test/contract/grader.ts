import { describe, expect, it } from "vitest";
import type { GradeInput, Grader } from "../../src/graders/grader.ts";

/** A grader under the shared suite, with an output it can grade. */
export interface GraderCase {
  readonly open: () => Grader;
  /** The same grader, but for one thing that decides its grades. */
  readonly openOther: () => Grader;
  readonly input: GradeInput;
}

const never = new AbortController().signal;

/** What every grader promises, however it grades. */
export function graderContract(name: string, { open, openOther, input }: GraderCase): void {
  describe(`${name} as a grader`, () => {
    it("gives a score in [0, 1] with words to learn from", async () => {
      const grade = await open().grade(input, never);
      expect(grade.score).toBeGreaterThanOrEqual(0);
      expect(grade.score).toBeLessThanOrEqual(1);
      expect(grade.feedback.length).toBeGreaterThan(10);
      for (const score of Object.values(grade.objectives)) expect(score >= 0 && score <= 1).toBe(true);
    });

    it("grades the same output the same", async () => {
      expect(await open().grade(input, never)).toEqual(await open().grade(input, never));
    });

    it("has a fingerprint that tells graders apart by what decides a grade", () => {
      expect(open().fingerprint).toMatch(/^[0-9a-f]{64}$/);
      expect(open().fingerprint).toBe(open().fingerprint);
      expect(openOther().fingerprint).not.toBe(open().fingerprint);
    });

    it("rejects with the signal's reason when the signal has aborted", async () => {
      const reason = new Error("given up");
      await expect(open().grade(input, AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
}
