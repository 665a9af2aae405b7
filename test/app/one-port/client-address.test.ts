import { describe, expect, it } from "vitest";
import { createClientAddress } from "../../../src/app/one-port/client-address.ts";
import type { HttpRequest } from "../../../src/app/one-port/http.ts";

const request = (remoteAddress: string | undefined, forwarded?: string) =>
  ({
    headers: forwarded === undefined ? {} : { "x-forwarded-for": forwarded },
    socket: { remoteAddress },
  }) as unknown as HttpRequest;

const cases: readonly (readonly [
  trustProxy: boolean,
  peer: string | undefined,
  forwarded: string | undefined,
  address: string,
])[] = [
  [false, "192.0.2.1", undefined, "192.0.2.1"],
  [false, "::ffff:192.0.2.1", undefined, "192.0.2.1"],
  [false, "2001:db8::1", undefined, "2001:db8::1"],
  [false, "192.0.2.1", "203.0.113.9", "192.0.2.1"],
  [false, undefined, undefined, "unknown"],
  [true, "192.0.2.1", "203.0.113.9", "203.0.113.9"],
  [true, "192.0.2.1", "made-up, 203.0.113.9", "203.0.113.9"],
  [true, "192.0.2.1", undefined, "192.0.2.1"],
  [true, "192.0.2.1", " , ", "192.0.2.1"],
];

describe("the client's address", () => {
  for (const [trustProxy, peer, forwarded, address] of cases) {
    const trust = trustProxy ? "a trusted proxy" : "no proxy to trust";
    it(`is ${address} for peer ${peer} and X-Forwarded-For ${forwarded} with ${trust}`, () => {
      expect(createClientAddress(trustProxy)(request(peer, forwarded))).toBe(address);
    });
  }
});
