import { describe, expect, test } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { createLocalFanOut } from "../../src/storage/fan-out.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the fan-out within a process", () => {
  test("news of one turn are told once a job, with the highest id", async () => {
    const fanOut = createLocalFanOut(silentLogger);
    const heard: unknown[] = [];
    fanOut.subscribe((...news) => heard.push(news));
    fanOut.publish("a", 2);
    fanOut.publish("b", 1);
    fanOut.publish("a", 3);
    fanOut.publish("a", 1);
    expect(heard).toEqual([]);
    await turn();
    expect(heard).toEqual([
      ["a", 3],
      ["b", 1],
    ]);
    fanOut.publish("a", 4);
    await turn();
    expect(heard.at(-1)).toEqual(["a", 4]);
  });

  test("a listener that subscribes twice is told twice, until it leaves", async () => {
    const fanOut = createLocalFanOut(silentLogger);
    let told = 0;
    const listener = () => {
      told++;
    };
    const leave = fanOut.subscribe(listener);
    fanOut.subscribe(listener);
    fanOut.publish("a", 1);
    await turn();
    expect(told).toBe(2);
    leave();
    fanOut.publish("a", 2);
    await turn();
    expect(told).toBe(3);
    await fanOut.close();
    fanOut.publish("a", 3);
    await turn();
    expect(told).toBe(3);
  });

  test("a listener that throws is logged, and the others are told", async () => {
    const errors: string[] = [];
    const fanOut = createLocalFanOut({ ...silentLogger, error: (event) => errors.push(event) });
    const heard: unknown[] = [];
    fanOut.subscribe(() => {
      throw new Error("a broken watcher");
    });
    fanOut.subscribe((...news) => heard.push(news));
    fanOut.publish("a", 1);
    await turn();
    expect(heard).toEqual([["a", 1]]);
    expect(errors).toEqual(["append_listener_failed"]);
  });
});
