import { describe, expect, it } from "vitest";
import { requestTimeoutMs } from "../../src/gateway/timeout.ts";

describe("requestTimeoutMs", () => {
  const cases: [headers: Record<string, string>, ms: number | undefined][] = [
    [{}, undefined],
    [{ "x-request-timeout": "5" }, 5000],
    [{ "x-request-timeout": "0.25" }, 250],
    [{ "grpc-timeout": "2500m" }, 2500],
    [{ "grpc-timeout": "1H" }, 3_600_000],
    [{ "grpc-timeout": "3u" }, 1],
    [{ "x-request-timeout": "1", "grpc-timeout": "2S" }, 1000],
    [{ "x-request-timeout": "999999999" }, 2 ** 31 - 1],
  ];
  for (const [headers, ms] of cases) {
    it(`reads ${JSON.stringify(headers)} as ${ms}`, () => {
      expect(requestTimeoutMs(new Headers(headers))).toBe(ms);
    });
  }

  for (const headers of [
    { "x-request-timeout": "0" },
    { "x-request-timeout": "-1" },
    { "x-request-timeout": "5s" },
    { "x-request-timeout": "" },
    { "grpc-timeout": "0m" },
    { "grpc-timeout": "5" },
    { "grpc-timeout": "123456789S" },
  ]) {
    it(`refuses ${JSON.stringify(headers)}`, () => {
      expect(() => requestTimeoutMs(new Headers(headers as Record<string, string>))).toThrow(
        "can not be read",
      );
    });
  }
});
