import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MAX_JSON_DEPTH, parseJson } from "../../../src/gateway/json/parse.ts";

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

describe("parseJson", () => {
  it("reads what JSON.stringify writes, with any layout", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 8 }), fc.constantFrom("", " ", "\t", "\n  "), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        fc.pre(!text.includes("__proto__") && !/\\ud[89a-f]/i.test(text));
        expect(plain(parseJson(text))).toEqual(plain(value));
      }),
    );
  });

  it("refuses whatever JSON.parse refuses, with a place", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'{}[]",:\\ \n0123.eE+-truefalsn') }), (text) => {
        let isJson = true;
        try {
          JSON.parse(text);
        } catch {
          isJson = false;
        }
        fc.pre(!isJson);
        expect(() => parseJson(text)).toThrow(/ at line [0-9]+, column [0-9]+$/);
      }),
    );
  });

  const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

  it(`reads ${MAX_JSON_DEPTH} levels`, () => {
    expect(() => parseJson(nested(MAX_JSON_DEPTH))).not.toThrow();
  });

  const refused: [text: string, words: string][] = [
    [nested(MAX_JSON_DEPTH + 1), "nested deeper than 32 levels at line 1, column 33"],
    ["[".repeat(100_000), "nested deeper"],
    ['{"a":1,"b":2,"a":1}', 'the name "a" stands twice in one object; the second is at line 1, column 14'],
    ['{"__proto__":{}}', "not accepted"],
    ['{"a":{"toString":1,"toString":1}}', "stands twice"],
    ['"\\ud800"', "surrogate"],
    ['"\u0000"', "control character"],
    ['"\\x"', "wrong escape"],
    ['"abc', "not closed"],
    ['"abc\\"', "not closed"],
    ["1e999", "too large"],
    ["01", "the JSON ends"],
    ["1 2", 'found "2" follows'],
    ["", "the text ends"],
    ["{'a':1}", "double quotes"],
    ["\ufeff{}", "expected a value"],
    ['{\n "a": 1\n "b": 2}', 'expected a comma or "}", but found "\\"", at line 3, column 2'],
  ];
  for (const [text, words] of refused) {
    it(`refuses ${JSON.stringify(text.slice(0, 40))}`, () => {
      expect(() => parseJson(text)).toThrow(words);
    });
  }

  it("reads a body of megabytes without a deep stack", () => {
    const text = JSON.stringify({
      a: 'x\\"'.repeat(500_000),
      b: Array.from({ length: 100_000 }, (_, i) => i),
    });
    expect(plain(parseJson(text))).toEqual(JSON.parse(text));
  });
});
