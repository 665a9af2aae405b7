import { describe, expect, it } from "vitest";
import { createVirtualTime } from "../bench/engine/virtual-time.ts";

describe("virtual time", () => {
  it("wakes sleepers in the order of their due times and reads as if they had waited", async () => {
    const clock = createVirtualTime();
    const woken: [string, number][] = [];
    const sleeper = async (name: string, ms: number) => {
      await clock.sleep(ms);
      woken.push([name, clock.monotonic()]);
    };
    await Promise.all([sleeper("slow", 300), sleeper("fast", 20), sleeper("middle", 100)]);
    expect(woken).toEqual([
      ["fast", 20],
      ["middle", 100],
      ["slow", 300],
    ]);
  });

  it("lets work that follows a wake-up fall asleep again before the next sleeper is woken", async () => {
    const clock = createVirtualTime();
    const log: string[] = [];
    const twice = async () => {
      await clock.sleep(10);
      for (let i = 0; i < 50; i++) await Promise.resolve(); // a long chain of microtasks takes no time
      await clock.sleep(5);
      log.push(`twice ${clock.now()}`);
    };
    const once = async () => {
      await clock.sleep(16);
      log.push(`once ${clock.now()}`);
    };
    await Promise.all([twice(), once()]);
    expect(log).toEqual(["twice 15", "once 16"]);
  });

  it("measures sixteen workers of a hundred 50 ms calls as 350 ms", async () => {
    const clock = createVirtualTime();
    let left = 100;
    const worker = async () => {
      while (left-- > 0) await clock.sleep(50);
    };
    await Promise.all(Array.from({ length: 16 }, worker));
    expect(clock.monotonic()).toBe(350);
  });

  it("rejects a sleep with the reason of its signal", async () => {
    const clock = createVirtualTime();
    const controller = new AbortController();
    const sleep = clock.sleep(1_000, controller.signal);
    controller.abort(new Error("enough"));
    await expect(sleep).rejects.toThrow("enough");
    await expect(clock.sleep(1, controller.signal)).rejects.toThrow("enough");
  });
});
