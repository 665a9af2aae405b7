import { describe, expect, test } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { createLocalTopic } from "../../src/storage/fan-out.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a topic within a process", () => {
  test("news of one turn are told once a job, with the highest id", async () => {
    const topic = createLocalTopic(silentLogger);
    const heard: unknown[] = [];
    topic.subscribe((...news) => heard.push(news));
    topic.publish("a", 2);
    topic.publish("b", 1);
    topic.publish("a", 3);
    topic.publish("a", 1);
    expect(heard).toEqual([]);
    await turn();
    expect(heard).toEqual([
      ["a", 3],
      ["b", 1],
    ]);
    topic.publish("a", 4);
    await turn();
    expect(heard.at(-1)).toEqual(["a", 4]);
  });

  test("a listener that subscribes twice is told twice, until it leaves", async () => {
    const topic = createLocalTopic(silentLogger);
    let told = 0;
    const listener = () => {
      told++;
    };
    const leave = topic.subscribe(listener);
    topic.subscribe(listener);
    topic.publish("a", 1);
    await turn();
    expect(told).toBe(2);
    leave();
    topic.publish("a", 2);
    await turn();
    expect(told).toBe(3);
    topic.close();
    topic.publish("a", 3);
    await turn();
    expect(told).toBe(3);
  });

  test("a listener that throws is logged, and the others are told", async () => {
    const errors: string[] = [];
    const topic = createLocalTopic({ ...silentLogger, error: (event) => errors.push(event) });
    const heard: unknown[] = [];
    topic.subscribe(() => {
      throw new Error("a broken watcher");
    });
    topic.subscribe((...news) => heard.push(news));
    topic.publish("a", 1);
    await turn();
    expect(heard).toEqual([["a", 1]]);
    expect(errors).toEqual(["news_listener_failed"]);
  });
});
