import { describe, expect, it } from "vitest";
import type { JobProgress } from "../../src/domain/job.ts";
import { createRunTime } from "../../src/jobs/run-time.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const START: JobProgress = { iteration: 0, fraction: 0, spend: [] };

describe("what a run is told from outside", () => {
  it("is to go on until the deadline, and from then on that the time is up", async () => {
    const clock = createFakeClock();
    const time = createRunTime(clock, START, 10);
    expect(time.outside(1, undefined)).toBe("go");
    await clock.advance(9999);
    expect(time.outside(2, undefined)).toBe("go");
    await clock.advance(1);
    expect(time.outside(3, undefined)).toBe("wall_time");
    expect(time.told()).toEqual({ commit: 3, input: "wall_time" });
  });

  it("is the same again in a later run, whatever the time is then", () => {
    const over = { ...START, elapsedMs: 99_000 };
    const resumed = createRunTime(createFakeClock(), { ...over, told: { commit: 5, input: "go" } }, 10);
    expect([3, 4, 5, 6].map((commit) => resumed.outside(commit, undefined))).toEqual([
      "go",
      "go",
      "go",
      "wall_time",
    ]);
    const ended = createRunTime(createFakeClock(), { ...START, told: { commit: 5, input: "wall_time" } }, 10);
    expect([4, 5, 6].map((commit) => ended.outside(commit, undefined))).toEqual([
      "go",
      "wall_time",
      "wall_time",
    ]);
  });

  it("is not a pause again: that is over when the job runs again", () => {
    const resumed = createRunTime(
      createFakeClock(),
      { ...START, told: { commit: 5, input: "pause" } },
      undefined,
    );
    expect([4, 5].map((commit) => resumed.outside(commit, undefined))).toEqual(["go", "go"]);
  });

  it("is what the caller asked for, as long as there is time", async () => {
    const clock = createFakeClock();
    const time = createRunTime(clock, START, 10);
    expect(time.outside(1, "pause")).toBe("pause");
    await clock.advance(10_000);
    expect(time.outside(2, "pause")).toBe("wall_time");
  });

  it("is to stop for good, once that was said", () => {
    const time = createRunTime(createFakeClock(), START, undefined);
    expect([time.outside(1, undefined), time.outside(2, "stop"), time.outside(3, undefined)]).toEqual([
      "go",
      "stop",
      "stop",
    ]);
    const told = time.told();
    const resumed = createRunTime(createFakeClock(), { ...START, ...(told && { told }) }, undefined);
    expect([1, 2, 3].map((commit) => resumed.outside(commit, "pause"))).toEqual(["go", "stop", "stop"]);
  });

  it("adds the running time of earlier runs", async () => {
    const clock = createFakeClock();
    const time = createRunTime(clock, { ...START, elapsedMs: 6000 }, 10);
    await clock.advance(3000);
    expect(time.timing(0.9)).toEqual({ elapsedS: 9, etaS: 1 });
    await clock.advance(1000);
    expect(time.outside(1, undefined)).toBe("wall_time");
  });

  it("guesses no end before anything is done", () => {
    expect(createRunTime(createFakeClock(), START, undefined).timing(0)).toEqual({ elapsedS: 0 });
  });

  it("tells what is left of the wall time where that ends sooner than the present pace would", async () => {
    const clock = createFakeClock();
    const time = createRunTime(clock, START, 10);
    expect([time.timing(0), time.share()]).toEqual([{ elapsedS: 0, etaS: 10 }, 0]);
    await clock.advance(4000);
    expect(time.timing(0.01)).toEqual({ elapsedS: 4, etaS: 6 });
    expect(time.timing(0.8)).toEqual({ elapsedS: 4, etaS: 1 });
    expect(time.timing()).toEqual({ elapsedS: 4 });
    expect(time.share()).toBe(0.4);
    await clock.advance(9000);
    expect([time.timing(0.01), time.share()]).toEqual([{ elapsedS: 13, etaS: 0 }, 1]);
    expect(createRunTime(clock, START, undefined).share()).toBe(0);
  });
});
