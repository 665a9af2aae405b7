import { describe, expect, it } from "vitest";
import type { GraderKind, GraderSpec } from "../../src/domain/spec.ts";
import { createGrader } from "../../src/graders/registry.ts";
import { createDemoModel } from "../../src/models/demo/demo-model.ts";
import { graderContract } from "../contract/grader.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const never = new AbortController().signal;
const judge = createDemoModel("judge", "demo/judge", { clock: createFakeClock(), latencyMs: 0 });

function open(spec: GraderSpec) {
  return createGrader(spec, { judge, objectives: ["brevity", "tone"], context: {} });
}

function scoreOf(spec: GraderSpec, output: string, ideal?: string) {
  const example = { id: "e1", input: "question", ...(ideal === undefined ? {} : { ideal }) };
  return open(spec).grade({ example, output }, never);
}

const exact = { kind: "exact", ignoreCase: false, keepWhitespace: false } as const;
const contains = { kind: "contains", ignoreCase: false } as const;
const regex = { kind: "regex", pattern: "([a-z]+)!", ignoreCase: false, groupEqualsIdeal: true } as const;
const numeric = { kind: "numeric", tolerance: 0, relative: false } as const;
const jsonSchema = {
  kind: "json_schema",
  schema: { type: "object", required: ["a"], properties: { a: { type: "number" } } },
} as const;
const similarity = (metric: "token_f1" | "levenshtein" | "rouge_l", threshold?: number): GraderSpec => ({
  kind: "similarity",
  metric,
  ...(threshold === undefined ? {} : { threshold }),
});
const multi: GraderSpec = {
  kind: "multi",
  graders: [
    { name: "form", weight: 1, grader: contains },
    { name: "value", weight: 3, grader: exact },
  ],
};

const CASES: Record<GraderKind, { readonly spec: GraderSpec; readonly other: GraderSpec }> = {
  judge: { spec: { kind: "judge" }, other: { kind: "judge", rubric: "Be kind." } },
  exact: { spec: exact, other: { ...exact, ignoreCase: true } },
  contains: { spec: contains, other: { ...contains, text: "x" } },
  regex: { spec: regex, other: { ...regex, pattern: "x" } },
  numeric: { spec: numeric, other: { ...numeric, tolerance: 1 } },
  json_schema: { spec: jsonSchema, other: { kind: "json_schema", schema: {} } },
  similarity: { spec: similarity("rouge_l"), other: similarity("rouge_l", 0.5) },
  multi: {
    spec: multi,
    other: { kind: "multi", graders: multi.graders.map((part) => ({ ...part, weight: 1 })) },
  },
};
for (const [kind, { spec, other }] of Object.entries(CASES)) {
  const input = { example: { id: "e1", input: "Name 2 + 2.", ideal: "4" }, output: "four" };
  graderContract(kind, { open: () => open(spec), openOther: () => open(other), input });
}

describe("a grader", () => {
  const rows: readonly (readonly [
    spec: GraderSpec,
    output: string,
    ideal: string | undefined,
    score: number,
  ])[] = [
    [exact, " yes\n", "yes", 1],
    [exact, "Yes", "yes", 0],
    [{ ...exact, ignoreCase: true }, "YES", "yes", 1],
    [{ ...exact, keepWhitespace: true }, "yes ", "yes", 0],
    [exact, "caf\u0065\u0301", "caf\u00e9", 1],
    [contains, "the answer is yes.", "yes", 1],
    [contains, "the answer is Yes.", "yes", 0],
    [{ ...contains, ignoreCase: true }, "the answer is YES.", "yes", 1],
    [{ ...contains, text: "because" }, "because of that", undefined, 1],
    [{ ...contains, text: "because" }, "no reason", "no", 0],
    [regex, "well done!", "done", 1],
    [regex, "well done!", "well", 0],
    [regex, "well done", "done", 0],
    [{ ...regex, groupEqualsIdeal: false }, "done!", undefined, 1],
    [{ ...regex, ignoreCase: true, pattern: "DONE" }, "done", "done", 1],
    [numeric, "So 3 + 4 gives 7.", "7", 1],
    [numeric, "7 is the sum of 3 and 4", "7", 0],
    [numeric, "It costs $1,234.50", "1234.5", 1],
    [numeric, "-3", "-3", 1],
    [numeric, "10-3", "-3", 0],
    [numeric, "1.2e3", "1200", 1],
    [numeric, "0.3", "#### 0.30000000000000004", 1],
    [numeric, "none", "7", 0],
    [{ ...numeric, tolerance: 0.5 }, "7.4", "7", 1],
    [{ ...numeric, tolerance: 0.5 }, "7.6", "7", 0],
    [{ ...numeric, tolerance: 0.1, relative: true }, "108", "100", 1],
    [{ ...numeric, tolerance: 0.1, relative: true }, "-112", "-100", 0],
    [jsonSchema, '{"a": 1}', undefined, 1],
    [jsonSchema, '{"a": "1"}', undefined, 0],
    [jsonSchema, "[]", undefined, 0],
    [{ kind: "json_schema", schema: { pattern: "^a", properties: {} } }, '"ab"', undefined, 1],
    [{ kind: "json_schema", schema: { pattern: "^a", properties: {} } }, '"ba"', undefined, 0],
    [
      { kind: "json_schema", schema: { patternProperties: { "^x": { type: "number" } } } },
      '{"xy": "1"}',
      undefined,
      0,
    ],
    [jsonSchema, 'Here it is: {"a": 1}', undefined, 0],
    [
      {
        kind: "json_schema",
        schema: { $schema: "http://json-schema.org/draft-07/schema#", items: [{ const: 1 }] },
      },
      "[1]",
      undefined,
      1,
    ],
    [
      {
        kind: "json_schema",
        schema: { $schema: "https://json-schema.org/draft/2020-12/schema", prefixItems: [{ const: 1 }] },
      },
      "[2]",
      undefined,
      0,
    ],
    [similarity("token_f1"), "The cat sat", "the cat", 0.8],
    [similarity("token_f1"), "dog", "cat", 0],
    [similarity("token_f1"), "a a a", "a", 0.5],
    [similarity("levenshtein"), "kitten", "sitting", 1 - 3 / 7],
    [similarity("levenshtein"), "", "", 1],
    [similarity("rouge_l"), "b a c", "a b c", 2 / 3],
    [similarity("rouge_l"), "", "a", 0],
    [similarity("rouge_l", 0.6), "b a c", "a b c", 1],
    [similarity("rouge_l", 0.7), "b a c", "a b c", 0],
    [multi, "yes", "yes", 1],
    [multi, "oh yes", "yes", 0.25],
    [multi, "no", "yes", 0],
  ];
  for (const [spec, output, ideal, score] of rows) {
    it(`gives ${score.toFixed(2)} to ${JSON.stringify(output)} for ${JSON.stringify(ideal)} by ${JSON.stringify(spec)}`, async () => {
      expect((await scoreOf(spec, output, ideal)).score).toBeCloseTo(score, 10);
    });
  }

  it("says what was expected and what came", async () => {
    for (const spec of [exact, contains, similarity("token_f1"), multi]) {
      const { feedback } = await scoreOf(spec, "wrong", "right");
      expect(feedback).toContain("right");
      expect(feedback).toContain("wrong");
    }
    expect((await scoreOf(numeric, "5", "7")).feedback).toMatch(/7.*5/);
    expect((await scoreOf(jsonSchema, '{"a": "1"}')).feedback).toContain("/a must be number");
  });

  it("quotes only the beginning of a long output", async () => {
    expect((await scoreOf(exact, "x".repeat(100_000), "y")).feedback.length).toBeLessThan(500);
  });

  for (const spec of [exact, contains, regex, numeric, similarity("rouge_l"), multi]) {
    it(`gives no grade without an ideal by ${JSON.stringify(spec)}`, async () => {
      await expect(scoreOf(spec, "anything 1 done!")).rejects.toMatchObject({ code: "ideal_missing" });
    });
  }

  it("gives no grade for an ideal without a number where numbers are compared", async () => {
    await expect(scoreOf(numeric, "1", "one")).rejects.toMatchObject({ code: "ideal_missing" });
  });

  it("refuses a pattern or schema that is none", () => {
    for (const spec of [
      { ...regex, pattern: "(" },
      { kind: "json_schema", schema: { type: "nothing" } },
    ] as const) {
      expect(() => open(spec)).toThrow(expect.objectContaining({ reason: "validation_error" }));
    }
  });

  it("is not slowed down by a pattern made to hang", async () => {
    const evil = { kind: "regex", pattern: "^(a+)+$", ignoreCase: false, groupEqualsIdeal: false } as const;
    expect((await scoreOf(evil, `${"a".repeat(20_000)}!`)).score).toBe(0);
    const inSchema = { kind: "json_schema", schema: { type: "string", pattern: evil.pattern } } as const;
    expect((await scoreOf(inSchema, JSON.stringify(`${"a".repeat(20_000)}!`))).score).toBe(0);
  });

  it("gives no grade, and does not hold the process, where a pattern or schema would work for ever", async () => {
    const both = [{ items: { $ref: "#" } }, { items: { $ref: "#" } }];
    const schema = { kind: "json_schema", schema: { type: "array", anyOf: both } } as const;
    const deep = `${"[".repeat(60)}1${"]".repeat(60)}`; // 2^60 steps
    await expect(scoreOf(schema, deep)).rejects.toMatchObject({ code: "too_slow" });
    expect((await scoreOf(schema, "[[]]")).score).toBe(1);
    const states = { ...regex, pattern: "x{0,900}x{0,900}[!?]", groupEqualsIdeal: false };
    await expect(scoreOf(states, "x".repeat(500_000))).rejects.toMatchObject({ code: "too_slow" });
  });
});

describe("a weighted mean", () => {
  it("tells its parts' scores and words by name", async () => {
    const grade = await scoreOf(multi, "oh yes", "yes");
    expect(grade.objectives).toEqual({ form: 1, value: 0 });
    expect(grade.feedback).toMatch(/^form \(1\.00\): .+\nvalue \(0\.00\): .+/);
  });

  it("sums the calls, the cost and the price of its parts", async () => {
    const spec: GraderSpec = {
      kind: "multi",
      graders: [...multi.graders, { name: "j", weight: 1, grader: { kind: "judge" } }],
    };
    expect(open(spec)).toMatchObject({ callsPerGrade: 1, price: judge.price });
    expect((await scoreOf(spec, "yes", "yes")).cost).toMatchObject({ modelCalls: 1, costUsd: 0 });
    expect((await scoreOf(multi, "yes", "yes")).cost).toBeUndefined();
    expect(open(multi).callsPerGrade).toBe(0);
  });

  it("gives no grade where one part can give none", async () => {
    const spec: GraderSpec = {
      kind: "multi",
      graders: [
        { name: "a", weight: 9, grader: jsonSchema },
        { name: "b", weight: 1, grader: exact },
      ],
    };
    await expect(scoreOf(spec, '{"a":1}')).rejects.toMatchObject({
      name: "GraderError",
      code: "ideal_missing",
    });
  });
});

describe("the registry", () => {
  it("has the judge score every objective the service does not measure itself", async () => {
    expect(Object.keys((await scoreOf({ kind: "judge" }, "four", "4")).objectives)).toEqual(["tone"]);
  });

  it("lets a judge's own rubric win over the job's", () => {
    const deps = { judge, objectives: [], context: {} };
    const own = createGrader({ kind: "judge", rubric: "own" }, { ...deps, rubric: "job" });
    const job = createGrader({ kind: "judge" }, { ...deps, rubric: "job" });
    expect(own.fingerprint).toBe(createGrader({ kind: "judge" }, { ...deps, rubric: "own" }).fingerprint);
    expect(own.fingerprint).not.toBe(job.fingerprint);
  });
});
