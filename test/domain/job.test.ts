import { describe, expect, it } from "vitest";
import { isTerminal, JOB_STATUSES, sourcesOf, TRANSITIONS, transition } from "../../src/domain/job.ts";

describe("transition", () => {
  it("allows what the table allows and refuses the rest with invalid_state", () => {
    for (const from of JOB_STATUSES) {
      for (const to of JOB_STATUSES) {
        const allowed = TRANSITIONS[from].includes(to);
        const attempt = () => transition(from, to);
        expect([from, to, allowed ? attempt() : "refused"]).toEqual([from, to, allowed ? to : "refused"]);
        expect(sourcesOf(to).includes(from)).toBe(allowed);
      }
    }
    expect(() => transition("finished", "running")).toThrow(
      expect.objectContaining({ reason: "invalid_state" }),
    );
  });

  it("lets no job leave a terminal state, and every other one be cancelled and fail", () => {
    expect(JOB_STATUSES.filter(isTerminal)).toEqual(["finished", "failed", "cancelled"]);
    for (const from of JOB_STATUSES.filter((s) => !isTerminal(s))) {
      expect(TRANSITIONS[from]).toEqual(expect.arrayContaining(["cancelled", "failed"]));
    }
  });
});
