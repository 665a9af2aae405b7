import { describe, expect, it } from "vitest";
import { createLimiter, type Limiter } from "../../src/models/limiter.ts";
import { ModelError } from "../../src/models/model.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const never = new AbortController().signal;

/** A call that ends when the test says so. */
function call(limiter: Limiter, log: string[], name: string, signal = never) {
  let finish = () => {};
  let fail = (_error: Error) => {};
  const work = new Promise<void>((resolve, reject) => {
    finish = resolve;
    fail = reject;
  });
  const done = limiter
    .run(() => {
      log.push(name);
      return work;
    }, signal)
    .catch((error: Error) => {
      log.push(`${name} failed: ${error.message}`);
    });
  return { done, finish, fail };
}

describe("a limiter", () => {
  it("lets so many calls run and the others in turn", async () => {
    const log: string[] = [];
    const limiter = createLimiter({ clock: createFakeClock(), concurrency: 2 });
    const [a, b, c, d] = ["a", "b", "c", "d"].map((name) => call(limiter, log, name));
    await Promise.resolve();
    expect(log).toEqual(["a", "b"]);
    b!.finish();
    await b!.done;
    expect(log).toEqual(["a", "b", "c"]);
    a!.finish();
    await a!.done;
    expect(log).toEqual(["a", "b", "c", "d"]);
    c!.finish();
    d!.finish();
    await Promise.all([c!.done, d!.done]);
  });

  it("takes a waiting call out of the line when its signal aborts, and nobody else", async () => {
    const log: string[] = [];
    const limiter = createLimiter({ clock: createFakeClock(), concurrency: 1 });
    const a = call(limiter, log, "a");
    const controller = new AbortController();
    const b = call(limiter, log, "b", controller.signal);
    const c = call(limiter, log, "c");
    controller.abort(new Error("gave up"));
    await b.done;
    a.finish();
    await a.done;
    c.finish();
    await c.done;
    expect(log).toEqual(["a", "b failed: gave up", "c"]);
  });

  it("refuses a call that finds the line full", async () => {
    const log: string[] = [];
    const limiter = createLimiter({ clock: createFakeClock(), concurrency: 1, maxWaiting: 1 });
    const a = call(limiter, log, "a");
    const b = call(limiter, log, "b");
    await expect(limiter.run(async () => 1, never)).rejects.toMatchObject({
      failure: "unavailable",
      retryable: true,
    });
    a.finish();
    b.finish();
    await Promise.all([a.done, b.done]);
  });

  it("halves at the provider's word once for all calls under way, and grows back slowly", async () => {
    const log: string[] = [];
    const limiter = createLimiter({ clock: createFakeClock(), concurrency: 8 });
    const calls = Array.from({ length: 8 }, (_, i) => call(limiter, log, `c${i}`));
    await Promise.resolve();
    for (const c of calls) c.fail(new ModelError("rate_limited", "slow down"));
    await Promise.all(calls.map((c) => c.done));
    expect(limiter.limit).toBe(4);
    const limits: number[] = [];
    for (let i = 0; i < 5; i++) {
      await limiter.run(async () => undefined, never);
      limits.push(limiter.limit);
    }
    expect(limits).toEqual([4, 4, 4, 4, 5]);
  });

  it("never goes below one call, nor above what it was given", async () => {
    const limiter = createLimiter({ clock: createFakeClock(), concurrency: 2 });
    for (let i = 0; i < 5; i++) {
      await limiter
        .run(() => Promise.reject(new ModelError("rate_limited", "no")), never)
        .catch(() => undefined);
    }
    expect(limiter.limit).toBe(1);
    for (let i = 0; i < 20; i++) await limiter.run(async () => undefined, never);
    expect(limiter.limit).toBe(2);
  });

  it("is not slowed by failures that say nothing about the rate", async () => {
    const limiter = createLimiter({ clock: createFakeClock(), concurrency: 4 });
    await limiter
      .run(() => Promise.reject(new ModelError("unavailable", "down")), never)
      .catch(() => undefined);
    expect(limiter.limit).toBe(4);
  });

  it("holds every call back while the provider wants a pause, and keeps no timer afterwards", async () => {
    const clock = createFakeClock();
    const log: string[] = [];
    const limiter = createLimiter({ clock, concurrency: 4 });
    const pause = new ModelError("rate_limited", "wait", { retryAfterMs: 3000 });
    await limiter.run(() => Promise.reject(pause), never).catch(() => undefined);
    expect(clock.sleepers()).toEqual([]);
    const a = call(limiter, log, "a");
    const b = call(limiter, log, "b");
    await clock.advance(2999);
    expect(log).toEqual([]);
    await clock.advance(1);
    expect(log).toEqual(["a", "b"]);
    a.finish();
    b.finish();
    await Promise.all([a.done, b.done]);
    expect(clock.sleepers()).toEqual([]);
  });
});
