import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { outlastTrouble } from "../../src/jobs/outlast.ts";
import type { Store } from "../../src/storage/store.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import {
  aCreatedJob,
  callsMade,
  callsRecorded,
  decisions,
  emptyStore,
  ended,
  logOf,
  openWorld,
} from "../support/job-world.ts";
import { anAnswer, scriptedModel } from "../support/scripted-model.ts";

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

describe("a job whose store is in trouble", () => {
  for (const [what, failing] of [
    ["the books can not be written", "recordCall"],
    ["the log can not be written", "append"],
    ["nothing can be read", "call"],
  ] as const) {
    it(`pays for nothing twice where ${what} for a while`, async () => {
      const undisturbed = await openWorld();
      undisturbed.jobs.start();
      await ended(undisturbed, (await aCreatedJob(undisturbed)).id);

      const store = await emptyStore();
      let away = false;
      const world = await openWorld({
        store: {
          ...store,
          async [failing](...args: never[]) {
            if (away) {
              await world.clock.sleep(10); // by then calls are under way
              throw new AppError("storage_unavailable", "away");
            }
            return (store[failing] as (...args: never[]) => Promise<unknown>)(...args);
          },
        },
        reflection: scriptedModel("reflection", (request, call) => {
          away ||= call === 1;
          return anAnswer(`reflection: ${request.messages.at(-1)?.content}`);
        }),
        target: scriptedModel("target", async (request, _call, signal) => {
          await world.clock.sleep(100, signal);
          return anAnswer(`target: ${request.messages.at(-1)?.content}`);
        }),
      });
      world.jobs.start();
      const { id } = await aCreatedJob(world);
      await world.clock.untilSleeping();
      await world.clock.advance(30_000);
      expect((await store.getJob(id))?.status).toBe("running");
      const paid = callsMade(world);
      expect(paid, "calls made so far").toBeLessThan(callsMade(undisturbed));
      away = false;
      await world.clock.advance(30_000);
      expect((await store.getJob(id))?.status).toBe("finished");
      expect(callsMade(world)).toBe(callsMade(undisturbed));
      expect(decisions(await logOf(store, id))).toEqual(decisions(await logOf(undisturbed.store, id)));
    });
  }

  /** A job whose one paid answer waits for a store that is away until it is let back. */
  async function waitingAnswer() {
    const store = await emptyStore();
    let isAway = true;
    const recordCall: Store["recordCall"] = async (row) => {
      if (isAway) throw new AppError("storage_unavailable", "away");
      return store.recordCall(row);
    };
    const world = await openWorld({ store: { ...store, recordCall } });
    world.jobs.start();
    const { id } = await aCreatedJob(world);
    await world.clock.advance(60_000);
    expect(callsMade(world)).toBe(1);
    const booking = new AbortController();
    const drained = world.jobs.drain(never(), booking.signal);
    const letBack = () => {
      isAway = false;
    };
    return { store, id, world, booking, drained, letBack };
  }

  it("waits for the store no longer than its process lives", async () => {
    const { store, id, booking, drained } = await waitingAnswer();
    booking.abort(new Error("time is up"));
    await drained;
    expect(await store.getJob(id)).toMatchObject({ status: "running", fence: 1 });
    expect(await callsRecorded(store, id)).toBe(0);
  });

  it("books what was paid where the store comes back while the process shuts down", async () => {
    const { store, id, world, drained, letBack } = await waitingAnswer();
    letBack();
    await world.clock.advance(1_000);
    await drained;
    expect(await callsRecorded(store, id)).toBe(1);
    expect(callsMade(world)).toBe(1);
  });
});
