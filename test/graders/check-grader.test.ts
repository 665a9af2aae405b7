import { describe, expect, it } from "vitest";
import type { Example, GraderSpec } from "../../src/domain/spec.ts";
import { checkGrader } from "../../src/graders/check-grader.ts";

const examples: Example[] = [
  { id: "a", input: "x", ideal: "42" },
  { id: "b", input: "y", ideal: "many" },
  { id: "c", input: "z" },
];
const exact: GraderSpec = { kind: "exact", ignoreCase: false, keepWhitespace: false };
const numeric: GraderSpec = { kind: "numeric", tolerance: 0, relative: false };
const badRegex: GraderSpec = { kind: "regex", pattern: "(?=a)", ignoreCase: false, groupEqualsIdeal: false };
const badSchema: GraderSpec = { kind: "json_schema", schema: { $ref: "https://example.com/other.json" } };

describe("checking a grader before a job", () => {
  const rows: readonly (readonly [spec: GraderSpec, fields: readonly string[]])[] = [
    [{ kind: "judge" }, []],
    [exact, ["examples[2].ideal"]],
    [{ kind: "contains", ignoreCase: false }, ["examples[2].ideal"]],
    [{ kind: "contains", ignoreCase: false, text: "x" }, []],
    [{ kind: "contains", ignoreCase: false, text: " " }, ["grader.contains.text"]],
    [{ kind: "similarity", metric: "rouge_l" }, ["examples[2].ideal"]],
    [numeric, ["examples[1].ideal", "examples[2].ideal"]],
    [badRegex, ["grader.regex.pattern"]],
    [{ kind: "regex", pattern: "a", ignoreCase: false, groupEqualsIdeal: true }, ["examples[2].ideal"]],
    [badSchema, ["grader.json_schema.schema"]],
    [{ kind: "json_schema", schema: { type: "string", pattern: "(?<=a)b" } }, ["grader.json_schema.schema"]],
    [
      {
        kind: "multi",
        graders: [
          { name: "a", weight: 1, grader: { kind: "judge" } },
          { name: "b", weight: 1, grader: badRegex },
          {
            name: "c",
            weight: 1,
            grader: { kind: "multi", graders: [{ name: "d", weight: 1, grader: numeric }] },
          },
        ],
      },
      ["grader.multi.graders[1].grader.regex.pattern", "examples[1].ideal", "examples[2].ideal"],
    ],
    [
      {
        kind: "multi",
        graders: [
          { name: "a", weight: 1, grader: { kind: "judge" } },
          { name: "a", weight: 1, grader: { kind: "judge" } },
          {
            name: "b",
            weight: 1,
            grader: { kind: "multi", graders: [{ name: "b", weight: 1, grader: { kind: "judge" } }] },
          },
        ],
      },
      ["grader.multi.graders[1].name", "grader.multi.graders[2].grader.multi.graders[0].name"],
    ],
  ];
  for (const [spec, fields] of rows) {
    it(`finds ${JSON.stringify(fields)} at fault with ${JSON.stringify(spec)}`, () => {
      expect(checkGrader(spec, examples).map(({ field }) => field)).toEqual(fields);
    });
  }

  it("names no more examples than anybody reads", () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({ id: `${i}`, input: "x" }));
    expect(checkGrader(exact, many)).toHaveLength(10);
  });
});
