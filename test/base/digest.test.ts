import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { canonicalJson, digest, sha256 } from "../../src/base/digest.ts";

describe("canonicalJson", () => {
  it("does not depend on the order in which keys were set, at any depth", () => {
    expect(canonicalJson({ b: [{ y: 1, x: 2 }], a: null })).toBe('{"a":null,"b":[{"x":2,"y":1}]}');
    expect(digest({ a: 1, b: 2 })).toBe(digest({ b: 2, a: 1, c: undefined }));
  });

  it("keeps the value", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});

describe("sha256", () => {
  it("agrees with the known digest of the empty text", () => {
    expect(sha256("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
});
