import { describe, expect, test } from "vitest";
import { parsePayload, payloadsOf } from "../../../src/storage/postgres/fan-out.ts";

describe("a payload of news", () => {
  test("says each job and its last event", () => {
    const payloads = payloadsOf(
      new Map([
        ["a", 3],
        ["b", 12],
      ]),
    );
    expect(payloads).toEqual(["a:3,b:12"]);
    expect(parsePayload("a:3,b:12")).toEqual([
      ["a", 3],
      ["b", 12],
    ]);
  });

  test("stays under the 8,000 bytes of Postgres, and as many as needed lose nothing", () => {
    const news = new Map(
      Array.from({ length: 500 }, (_, i) => [`0199d0f4-0000-7000-8000-00000000${i}`, i] as const),
    );
    const payloads = payloadsOf(news);
    expect(payloads.length).toBeGreaterThan(1);
    for (const payload of payloads) expect(Buffer.byteLength(payload)).toBeLessThan(8_000);
    expect(payloads.flatMap(parsePayload)).toEqual([...news]);
  });

  test("nothing to say is no payload", () => {
    expect(payloadsOf(new Map())).toEqual([]);
  });

  for (const odd of ["", "nonsense", "a:", ":1", "a:x", ",,,"]) {
    test(`what is not understood is passed over: ${JSON.stringify(odd)}`, () => {
      expect(parsePayload(odd)).toEqual([]);
    });
  }
});
