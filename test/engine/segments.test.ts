import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { segmentsOf, withoutSegment } from "../../src/engine/segments.ts";

const partsOf = (text: string) => segmentsOf(text).map(({ start, end }) => text.slice(start, end));

describe("the parts of a text", () => {
  it("are its lines, the sentences of long ones, and fenced blocks as a whole", () => {
    const cases: [string, string[]][] = [
      ["Answer.", ["Answer."]],
      ["", []],
      ["First line\n\n- a point\n- another", ["First line", "- a point", "- another"]],
      ["Be brief. Be kind! Why not?", ["Be brief.", "Be kind!", "Why not?"]],
      ['Say "Yes." Then stop.', ['Say "Yes."', "Then stop."]],
      ["1. Read it. 2. Answer it.", ["1. Read it. 2. Answer it."]],
      ["Use units, e.g. Newton. Never guess.", ["Use units, e.g. Newton.", "Never guess."]],
      ['Before\n```json\n{"a": 1}\n\n{}\n```\nAfter', ["Before", '```json\n{"a": 1}\n\n{}\n```', "After"]],
      ["Before\n```\nnever closed", ["Before", "```\nnever closed"]],
    ];
    for (const [text, parts] of cases) expect(partsOf(text)).toEqual(parts);
  });
});

describe("a text without one of its parts", () => {
  it("closes the gap", () => {
    const cases: [string, number, string][] = [
      ["One\nTwo\nThree", 0, "Two\nThree"],
      ["One\nTwo\nThree", 1, "One\nThree"],
      ["One\nTwo\nThree", 2, "One\nTwo"],
      ["Be brief. Be kind! Why not?", 0, "Be kind! Why not?"],
      ["Be brief. Be kind! Why not?", 1, "Be brief. Why not?"],
      ["Be brief. Be kind! Why not?", 2, "Be brief. Be kind!"],
      ["Alone.", 0, ""],
    ];
    for (const [text, i, rest] of cases) {
      const segment = segmentsOf(text)[i] ?? { start: 0, end: 0 };
      expect(withoutSegment(text, segment)).toBe(rest);
    }
  });

  it("is shorter, and keeps every other part as it was, in order", () => {
    const line = fc.stringMatching(/^[A-Z][a-z]{2,8}( [a-z]{2,6}){0,3}\.$/);
    const lines = fc.array(
      fc.oneof(
        fc.array(line, { maxLength: 3 }).map((l) => l.join(" ")),
        fc.constant(""),
      ),
      {
        maxLength: 8,
      },
    );
    fc.assert(
      fc.property(lines, fc.nat(), (all, pick) => {
        const text = all.join("\n");
        const segments = segmentsOf(text);
        fc.pre(segments.length > 0);
        const index = pick % segments.length;
        const segment = segments[index] ?? { start: 0, end: 0 };
        const rest = withoutSegment(text, segment);
        expect(rest.length).toBeLessThan(text.length);
        expect(partsOf(rest)).toEqual(partsOf(text).filter((_, i) => i !== index));
      }),
    );
  });
});
