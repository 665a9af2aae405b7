import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { CreateJobRequestSchema, OptimizationService } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import type { CreateJobInput } from "../../src/jobs/use-cases.ts";
import { fingerprint, idempotencyKey } from "../../src/rpc/idempotency-key.ts";
import { call, refusal } from "../support/call.ts";
import { aJob } from "../support/jobs.ts";
import { createTestRpc } from "../support/rpc-server.ts";

const { createJob } = OptimizationService.method;
const SPEC = { prompt: "Greet.", examples: [{ input: "hello" }] };

const keys: readonly (readonly [sent: string, key: string])[] = [
  ["demo-123", "demo-123"],
  ['"demo-123"', "demo-123"],
  ["  demo-123  ", "demo-123"],
  ['"a\\"b\\\\c"', 'a"b\\c'],
  ["x".repeat(255), "x".repeat(255)],
  [`"${"x".repeat(255)}"`, "x".repeat(255)],
  ["!~", "!~"],
];
const malformed = ["", " ", '""', "a b", "a, b", '"a", "b"', "x".repeat(256), "schl\u00fcssel", "a\u007f"];

describe("idempotencyKey", () => {
  for (const [sent, key] of keys) {
    it(`reads ${sent.slice(0, 20)} from field and header alike`, () => {
      expect(idempotencyKey(sent, new Headers())).toBe(key);
      expect(idempotencyKey("", new Headers({ "idempotency-key": sent }))).toBe(key);
    });
  }

  for (const sent of malformed) {
    it(`refuses ${JSON.stringify(sent.slice(0, 20))} of ${sent.length} characters`, () => {
      expect(() => idempotencyKey("", new Headers({ "idempotency-key": sent }))).toThrow(
        expect.objectContaining({ reason: "bad_request" }),
      );
    });
  }

  it("is none where nothing was sent, and the field's where both were", () => {
    expect(idempotencyKey("", new Headers())).toBeUndefined();
    expect(idempotencyKey("field", new Headers({ "idempotency-key": "header" }))).toBe("field");
  });
});

describe("fingerprint", () => {
  const base = create(CreateJobRequestSchema, {
    spec: { ...SPEC, context: { a: "1", b: "2" } },
    iterations: 5,
  });

  it("does not depend on the key, the order of a map, or the way over the wire", () => {
    const same = [
      create(CreateJobRequestSchema, { ...SPEC, spec: base.spec, iterations: 5, requestId: "k" }),
      create(CreateJobRequestSchema, { spec: { ...SPEC, context: { b: "2", a: "1" } }, iterations: 5 }),
      fromBinary(CreateJobRequestSchema, toBinary(CreateJobRequestSchema, base)),
    ];
    expect(new Set([base, ...same].map(fingerprint)).size).toBe(1);
  });

  it("depends on everything else", () => {
    const others = [
      create(CreateJobRequestSchema, { spec: base.spec, iterations: 6 }),
      create(CreateJobRequestSchema, { spec: base.spec }),
      create(CreateJobRequestSchema, { spec: { ...SPEC, context: { a: "1", b: "3" } }, iterations: 5 }),
    ];
    expect(new Set([base, ...others].map(fingerprint)).size).toBe(4);
  });

  it("leaves the request as it was", () => {
    const request = create(CreateJobRequestSchema, { spec: SPEC, requestId: "k" });
    fingerprint(request);
    expect(request.requestId).toBe("k");
  });
});

describe("CreateJob", () => {
  function rpcThatCreates(replayed: boolean) {
    const inputs: CreateJobInput[] = [];
    const rpc = createTestRpc({
      useCases: {
        async createJob(_caller, input) {
          inputs.push(input);
          return { job: aJob("j1"), replayed };
        },
      },
    });
    return { rpc, inputs };
  }

  it("hands on key, iterations and fingerprint", async () => {
    const { rpc, inputs } = rpcThatCreates(false);
    const result = await call(rpc, createJob, { spec: SPEC, iterations: 5, requestId: '"k"' });
    expect(inputs).toMatchObject([
      { requestId: "k", iterations: 5, fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/) },
    ]);
    expect(result).toMatchObject({ kind: "unary", message: { job: { jobId: "j1" } } });
    expect(result.header.has("idempotent-replayed")).toBe(false);
  });

  it("takes the key from the header where the field is empty", async () => {
    const { rpc, inputs } = rpcThatCreates(false);
    await call(rpc, createJob, { spec: SPEC }, { header: { "idempotency-key": "h" } });
    await call(rpc, createJob, { spec: SPEC });
    expect(inputs.map((input) => input.requestId)).toEqual(["h", undefined]);
  });

  it("says when an answer is a repeated one", async () => {
    const { rpc } = rpcThatCreates(true);
    const { header } = await call(rpc, createJob, { spec: SPEC, requestId: "k" });
    expect(header.get("idempotent-replayed")).toBe("true");
  });

  it("names metadata that JSON can not hold, which only the binary form brings", async () => {
    const { rpc, inputs } = rpcThatCreates(false);
    const examples = [{ input: "hello", metadata: { weight: Number.NaN } }];
    const error = await refusal(call(rpc, createJob, { spec: { ...SPEC, examples } }));
    expect(error).toMatchObject({
      reason: "validation_error",
      violations: [{ field: "spec.examples[0].metadata" }],
    });
    expect(inputs).toEqual([]);
  });

  it("creates nothing under a malformed key", async () => {
    const { rpc, inputs } = rpcThatCreates(false);
    const error = await refusal(call(rpc, createJob, { spec: SPEC, requestId: "a b" }));
    expect(error.reason).toBe("bad_request");
    expect(inputs).toEqual([]);
  });
});
