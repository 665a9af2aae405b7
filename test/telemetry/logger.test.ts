import { describe, expect, it } from "vitest";
import type { Clock } from "../../src/base/clock.ts";
import { createLogger, type LoggerOptions } from "../../src/telemetry/logger.ts";

const clock: Pick<Clock, "now"> = { now: () => 1_712_345_678_123 };

function logger(options: Partial<LoggerOptions> = {}) {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  const log = createLogger({ level: "debug", clock: clock as Clock, secrets: [], write, ...options });
  return { log, lines };
}

describe("createLogger", () => {
  it("writes one JSON line a call with level, time, event and fields", () => {
    const { log, lines } = logger();
    log.info("job_started", { job_id: "j1", width: 2, simulated: true, nothing: undefined });
    expect(lines).toHaveLength(1);
    expect(lines[0]?.endsWith("}\n")).toBe(true);
    expect(JSON.parse(lines[0] ?? "")).toEqual({
      level: "info",
      time: "2024-04-05T19:34:38.123Z",
      event: "job_started",
      job_id: "j1",
      width: 2,
      simulated: true,
    });
  });

  it("keeps a line in one line whatever a field holds", () => {
    const { log, lines } = logger();
    log.warn("odd", { text: 'a\nb\r"\u2028' });
    expect(lines[0]?.trimEnd()).not.toMatch(/[\r\n]/);
    expect(JSON.parse(lines[0] ?? "").text).toBe('a\nb\r"\u2028');
  });

  it("adds the fields of a child to each of its lines", () => {
    const { log, lines } = logger();
    log.child({ request_id: "r1" }).child({ job_id: "j1" }).debug("x");
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({ request_id: "r1", job_id: "j1", event: "x" });
  });

  it("shows type, message, stack and cause of an error", () => {
    const { log, lines } = logger();
    log.error("broken", { job_id: "j1" }, new TypeError("outer", { cause: new Error("inner") }));
    const { error } = JSON.parse(lines[0] ?? "");
    expect(error.type).toBe("TypeError");
    expect(error.message).toContain("outer");
    expect(error.stack).toContain("inner");
  });

  it("writes nothing below its level", () => {
    const { log, lines } = logger({ level: "warn" });
    log.debug("a");
    log.info("b");
    log.warn("c");
    expect(lines).toHaveLength(1);
  });

  const secrets = ["sk-canary-1", "sk-canary-1-longer", 'quo"te\\d'];
  const places: [string, (log: ReturnType<typeof createLogger>, secret: string) => void][] = [
    ["a field", (log, s) => log.info("x", { url: `https://h/?k=${s}&z` })],
    ["a child's field", (log, s) => log.child({ key: s }).info("x")],
    ["the event", (log, s) => log.info(`with ${s}`)],
    ["an error's message and cause", (log, s) => log.error("x", {}, new Error(s, { cause: new Error(s) }))],
    ["something thrown that is no error", (log, s) => log.error("x", {}, `bad key ${s}`)],
  ];
  for (const [place, use] of places) {
    for (const secret of secrets) {
      it(`keeps ${secret} out of ${place}`, () => {
        const { log, lines } = logger({ secrets });
        use(log, secret);
        expect(lines[0]).toContain("[redacted]");
        expect(lines[0]).not.toContain(secret);
        expect(lines[0]).not.toContain(JSON.stringify(secret).slice(1, -1));
        expect(() => JSON.parse(lines[0] ?? "")).not.toThrow();
      });
    }
  }
});
