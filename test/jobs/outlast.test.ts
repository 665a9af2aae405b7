import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { outlastTrouble } from "../../src/jobs/outlast.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const never = () => new AbortController().signal;

/** Work that fails so often before it is done. */
function failing(times: number, error: unknown = new AppError("storage_unavailable", "away")) {
  let attempts = 0;
  return {
    attempts: () => attempts,
    async work() {
      if (++attempts <= times) throw error;
      return "done";
    },
  };
}

describe("work that outlasts the store's trouble", () => {
  it("waits for nothing where there is no trouble", async () => {
    const clock = createFakeClock();
    expect(await outlastTrouble(clock, never(), failing(0).work)).toBe("done");
    expect(clock.sleepers()).toEqual([]);
  });

  for (const reason of ["storage_unavailable", "storage_full"] as const) {
    it(`is done as soon as the store can: ${reason}`, async () => {
      const clock = createFakeClock();
      const { attempts, work } = failing(8, new AppError(reason, "away"));
      const done = outlastTrouble(clock, never(), work);
      await clock.advance(4_500); // 50, 100, 200, 400, 800, then a second each
      expect(attempts()).toBe(8);
      await clock.advance(1_000);
      expect(await done).toBe("done");
    });
  }

  it("hands any other error on at once", async () => {
    const clock = createFakeClock();
    const bug = new TypeError("a bug");
    await expect(outlastTrouble(clock, never(), failing(1, bug).work)).rejects.toBe(bug);
  });

  it("ends with its signal, after one attempt at least", async () => {
    const clock = createFakeClock();
    const over = new Error("over");
    const { attempts, work } = failing(9);
    await expect(outlastTrouble(clock, AbortSignal.abort(over), work)).rejects.toBe(over);
    expect(attempts()).toBe(1);
    const stop = new AbortController();
    const waiting = outlastTrouble(clock, stop.signal, work);
    await clock.untilSleeping();
    stop.abort(over);
    await expect(waiting).rejects.toBe(over);
    expect(clock.sleepers()).toEqual([]);
  });
});
