import { create, type DescMessage, equals, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventSchema } from "../../../gen/ts/gepa/v1/event_pb.ts";
import { JobSchema, JobStatus } from "../../../gen/ts/gepa/v1/job_pb.ts";
import {
  CreateJobRequestSchema,
  ListJobsResponseSchema,
} from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { type OptimizeSpec, OptimizeSpecSchema, Split } from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { GetMetricsResponseSchema } from "../../../gen/ts/gepa/v1/system_service_pb.ts";
import { restJson } from "../../../src/gateway/json/print.ts";
import { parseJson } from "../../../src/gateway/json/parse.ts";
import { MAX_VIOLATIONS, noFindings, readMessage, ROOT } from "../../../src/gateway/json/read.ts";

function read(desc: DescMessage, value: unknown) {
  const findings = noFindings();
  const message = readMessage(desc, parseJson(JSON.stringify(value)), ROOT, findings);
  return { message, ...findings };
}
const readSpec = (value: unknown) => {
  const { message, violations } = read(OptimizeSpecSchema, value);
  expect(violations).toEqual([]);
  return message as OptimizeSpec;
};

describe("restJson", () => {
  it("leaves out what is unset and keeps what always stands", () => {
    expect(restJson(JobSchema, create(JobSchema, { jobId: "j", status: JobStatus.FINISHED }))).toEqual({
      job_id: "j",
      status: "finished",
      iterations: 0,
      iteration: 0,
      progress: 0,
      models: [],
      simulated: false,
      last_event_id: 0,
    });
    expect(restJson(ListJobsResponseSchema, create(ListJobsResponseSchema))).toEqual({ jobs: [] });
  });

  it("prints timestamps as seconds with milliseconds, and 64-bit integers as numbers", () => {
    const job = create(JobSchema, { createdAt: timestampFromMs(1712345678123), lastEventId: 2n ** 53n - 1n });
    expect(restJson(JobSchema, job)).toMatchObject({
      created_at: 1712345678.123,
      last_event_id: 2 ** 53 - 1,
    });
  });

  it("keeps an optional zero", () => {
    const event = create(EventSchema, { data: { case: "progress", value: { bestScore: 0 } } });
    expect(restJson(EventSchema, event)).toMatchObject({ type: "progress", data: { best_score: 0 } });
  });

  it("prints an event with its type second and its data last", () => {
    const data = { case: "final", value: { champion: { prompt: "p" } } } as const;
    const event = create(EventSchema, { id: 5n, jobId: "j", schemaVersion: 1, ts: timestampFromMs(0), data });
    expect(Object.keys(restJson(EventSchema, event))).toEqual([
      "id",
      "type",
      "schema_version",
      "job_id",
      "ts",
      "data",
    ]);
  });

  it("prints Struct as plain JSON", () => {
    const metrics = { a: 1, b: { c: [null, "x"] } };
    expect(restJson(GetMetricsResponseSchema, create(GetMetricsResponseSchema, { metrics }))).toEqual({
      metrics,
    });
  });
});

describe("readMessage", () => {
  it("reads every form of the spec", () => {
    const spec = readSpec({
      components: { a: "A", b: "B" },
      model_id: "openai/gpt-5-mini",
      examples: [
        { id: "1", input: "i", expected: "e", split: "validation", metadata: { any: [1, null] } },
        { input: "j", ideal: null },
      ],
      grader: { multi: { graders: [{ name: "n", weight: 2, grader: { exact: {} } }] } },
      objectives: ["brevity"],
      budget: { max_tokens: 9007199254740991, max_cost_usd: 0.5 },
      config: { operators: { reflect: 2 }, merge: false },
      seed: 7,
    });
    expect(spec.components).toEqual({ a: "A", b: "B" });
    expect(spec.targetModelId).toBe("openai/gpt-5-mini");
    expect(spec.examples[0]).toMatchObject({ ideal: "e", split: Split.VALIDATION });
    expect(JSON.parse(JSON.stringify(spec.examples[0]?.metadata))).toEqual({ any: [1, null] });
    expect(spec.examples[1]?.ideal).toBeUndefined();
    expect(spec.grader?.kind).toMatchObject({ case: "multi" });
    expect(spec.budget?.maxTokens).toBe(9007199254740991n);
    expect(spec.config?.merge).toBe(false);
    expect(spec.seed).toBe(7n);
  });

  it("takes a grader with a type as it is", () => {
    const grader = { type: "string_check", name: "n", operation: "eq", unknown_to_us: { a: 1 } };
    const { kind } = readSpec({ grader }).grader ?? {};
    expect(kind?.case).toBe("openai");
    expect(JSON.parse(JSON.stringify(kind?.value))).toEqual(grader);
  });

  it("takes two names with the same content", () => {
    expect(readSpec({ model_id: "x", target_model: "x" }).targetModelId).toBe("x");
  });

  it("remembers which alias was used", () => {
    expect([...read(OptimizeSpecSchema, { model_id: "x", examples: [{ output: "y" }] }).aliases]).toEqual([
      ["target_model_id", "model_id"],
      ["examples[0].ideal", "examples[0].output"],
    ]);
  });

  const refused: [json: unknown, field: string, words: string][] = [
    [{ promt: "x" }, "promt", "did you mean prompt?"],
    [{ targetModelId: "x" }, "targetModelId", "did you mean target_model_id?"],
    [{ xyzzy: 1 }, "xyzzy", "no such field; there are prompt, components, target_model_id, "],
    [
      { examples: [{ question: "x" }] },
      "examples[0].question",
      "there are id, input, ideal, split, metadata.",
    ],
    [{ max_iterations: 5 }, "max_iterations", "did you mean budget.max_iterations?"],
    [{ max_tokens: 5 }, "max_tokens", "did you mean budget.max_tokens or config.max_tokens?"],
    [{ examples: [{ inptu: "x" }] }, "examples[0].inptu", "did you mean input?"],
    [{ judge_model_id: "x" }, "judge_model_id", "JUDGE_MODEL_ID"],
    [{ iterations: 5 }, "iterations", "budget.max_iterations"],
    [{ judge_model: null }, "judge_model", "JUDGE_MODEL_ID"],
    [{ model_id: "x", target_model_id: "y" }, "target_model_id", "model_id and target_model_id"],
    [{ examples: [{ expected: "x", output: "y" }] }, "examples[0].output", "differ"],
    [{ prompt: 1 }, "prompt", "expected a text, not a number"],
    [{ examples: {} }, "examples", "expected a list, not an object"],
    [{ examples: ["x"] }, "examples[0]", "expected an object, not a text"],
    [{ examples: [null] }, "examples[0]", "expected an object, not null"],
    [{ objectives: ["a", 1] }, "objectives[1]", "expected a text"],
    [{ components: { a: 1 } }, 'components["a"]', "expected a text"],
    [{ components: [] }, "components", "expected an object, not a list"],
    [{ config: { merge: "true" } }, "config.merge", "true or false"],
    [{ config: { width: 1.5 } }, "config.width", "whole number"],
    [{ config: { width: 2 ** 31 } }, "config.width", "32 bits"],
    [{ seed: 2 ** 53 }, "seed", "53 bits"],
    [{ seed: "7" }, "seed", "whole number"],
    [{ examples: [{ split: "TRAIN" }] }, "examples[0].split", "train, validation, test"],
    [{ examples: [{ split: 1 }] }, "examples[0].split", "train, validation, test"],
    [{ examples: [{ metadata: [] }] }, "examples[0].metadata", "expected an object"],
    [{ grader: { exact: {}, judge: {} } }, "grader.judge", "exact is given already"],
    [{ grader: { openai: {} } }, "grader.openai", "no such field; there are judge, exact, "],
    [{ budget: { max_cost_usd: "1" } }, "budget.max_cost_usd", "expected a number, not a text"],
    [[], "", "expected an object, not a list"],
    [null, "", "expected an object, not null"],
  ];
  for (const [json, field, words] of refused) {
    it(`refuses ${JSON.stringify(json)}`, () => {
      const { violations } = read(OptimizeSpecSchema, json);
      expect(violations).toHaveLength(1);
      expect(violations[0]?.field).toBe(field);
      expect(violations[0]?.description).toContain(words);
    });
  }

  it("lists several faults, up to a bound", () => {
    const examples = Array.from({ length: 100 }, () => ({ input: 1 }));
    expect(read(OptimizeSpecSchema, { examples }).violations).toHaveLength(MAX_VIOLATIONS);
  });

  it("does not take a name of Object.prototype for a field", () => {
    for (const name of ["toString", "constructor", "hasOwnProperty"]) {
      expect(read(CreateJobRequestSchema, { [name]: 1 }).violations).toHaveLength(1);
    }
  });
});

const text = fc.string({ unit: "grapheme", maxLength: 20 });
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const double = fc.double({ noNaN: true, noDefaultInfinity: true }).map((x) => (Object.is(x, -0) ? 0 : x));
/** JSON that is accepted: of all names only this one is refused, wherever it stands. */
const accepted = fc
  .jsonValue({ maxDepth: 3 })
  .map((v) => JSON.stringify(v))
  .filter((json) => !json.includes("__proto__"))
  .map((json) => JSON.parse(json));
const struct = fc.dictionary(name, accepted);
const kind = fc.oneof(
  fc.record({ case: fc.constant("judge" as const), value: fc.record({ rubric: text }) }),
  fc.record({
    case: fc.constant("numeric" as const),
    value: fc.record({ tolerance: double, relative: fc.boolean() }),
  }),
  fc.record({
    case: fc.constant("similarity" as const),
    value: fc.record({ metric: fc.constantFrom(0, 1, 2, 3), threshold: maybe(double) }),
  }),
  fc.record({ case: fc.constant("graderId" as const), value: text }),
  fc.constant({ case: undefined }),
);
const spec = fc.record({
  prompt: text,
  components: fc.dictionary(name, text),
  targetModelId: text,
  examples: fc.array(
    fc.record({
      id: text,
      input: text,
      ideal: maybe(text),
      split: fc.constantFrom(0, 1, 2, 3),
      metadata: maybe(struct),
    }),
    { maxLength: 4 },
  ),
  grader: maybe(fc.record({ kind })),
  objectives: fc.array(text, { maxLength: 3 }),
  budget: maybe(
    fc.record({
      maxIterations: maybe(int32),
      maxTokens: maybe(fc.maxSafeInteger().map(BigInt)),
      maxCostUsd: maybe(double),
    }),
  ),
  config: maybe(
    fc.record({ width: maybe(int32), operators: fc.dictionary(name, double), merge: maybe(fc.boolean()) }),
  ),
  seed: fc.maxSafeNat().map(BigInt),
});

it("any spec comes back from its JSON unchanged", () => {
  fc.assert(
    fc.property(spec, (init) => {
      const message: Message = create(
        OptimizeSpecSchema,
        init as MessageInitShape<typeof OptimizeSpecSchema>,
      );
      const { message: back, violations } = read(OptimizeSpecSchema, restJson(OptimizeSpecSchema, message));
      expect(violations).toEqual([]);
      expect(equals(OptimizeSpecSchema, back as OptimizeSpec, message as OptimizeSpec)).toBe(true);
    }),
  );
});
