import { afterEach, describe, expect, it } from "vitest";
import { AppError, REASONS, type Reason } from "../../src/base/errors.ts";
import { withErrorHeader } from "../../src/base/invoke.ts";
import { PROBLEMS } from "../../src/gateway/errors.ts";
import { jsonBody, type Rig, SPEC, startRig } from "./rig.ts";

let rig: Rig;
afterEach(() => rig.close());

/** The status of every reason, as proto/gepa/v1/errors.proto promises it. */
const STATUS: Record<Reason, number> = {
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  not_cancelable: 409,
  invalid_state: 409,
  idempotency_in_flight: 409,
  idempotency_mismatch: 422,
  validation_error: 422,
  invalid_cursor: 400,
  bad_request: 400,
  payload_too_large: 413,
  rate_limited: 429,
  quota_exceeded: 429,
  unsupported_media_type: 415,
  method_not_allowed: 405,
  precondition_failed: 412,
  model_not_configured: 422,
  storage_full: 503,
  storage_unavailable: 503,
  draining: 503,
  not_implemented: 501,
  deadline_exceeded: 504,
  canceled: 499,
  internal_error: 500,
};

const refuseWith = (error: unknown) => ({
  GetJob: () => Promise.reject(error),
  CreateJob: () => Promise.reject(error),
});

describe("every reason of the contract", () => {
  for (const reason of Object.keys(REASONS) as Reason[]) {
    it(`${reason} is answered with ${STATUS[reason]} and one envelope`, async () => {
      const error = new AppError(reason, "A sentence.", { metadata: { a: "b" }, retryAfterMs: 1200 });
      rig = await startRig(refuseWith(withErrorHeader(error, new Headers({ ratelimit: '"x";r=0;t=2' }))));
      const reply = await rig.send("GET", "/v1/optimize/job-1?", { headers: { "x-request-id": "r-1" } });
      expect(reply.status).toBe(STATUS[reason]);
      expect(reply.headers["content-type"]).toBe("application/json");
      expect(reply.headers["retry-after"]).toBe("2");
      expect(reply.headers["x-request-id"]).toBe("r-1");
      expect(reply.headers.ratelimit).toBe('"x";r=0;t=2');
      expect(reply.headers["cache-control"]).toBe("no-store");
      expect(reply.json()).toEqual({
        type: `/docs#error-${reason}`,
        title: PROBLEMS[reason].title,
        status: STATUS[reason],
        detail: "A sentence.",
        instance: "/v1/optimize/job-1",
        error: {
          code: reason,
          message: "A sentence.",
          details: { request_id: "r-1", metadata: { a: "b" }, retry_after_s: 2 },
        },
      });
    });
  }
});

describe("error headers", () => {
  it("ask for a bearer token where none was valid", async () => {
    rig = await startRig(refuseWith(new AppError("unauthorized", "No token.")));
    expect((await rig.send("GET", "/v1/optimize/j")).headers["www-authenticate"]).toBe("Bearer");
  });

  for (const accept of ["application/problem+json", "text/html, Application/Problem+JSON;q=0.9"]) {
    it(`name problem details where Accept is ${accept}`, async () => {
      rig = await startRig(refuseWith(new AppError("not_found", "No.")));
      const reply = await rig.send("GET", "/v1/optimize/j", { headers: { accept } });
      expect(reply.headers["content-type"]).toBe("application/problem+json");
    });
  }

  it("list as many faults as somebody repairs at once", async () => {
    const violations = Array.from({ length: 5_000 }, (_, i) => ({ field: `f${i}`, description: "is wrong" }));
    rig = await startRig(refuseWith(new AppError("validation_error", "Wrong.", { violations })));
    const reply = await rig.send("GET", "/v1/optimize/j");
    expect(reply.json()).toMatchObject({ error: { details: { violations: violations.slice(0, 20) } } });
  });

  it("come without a body for HEAD", async () => {
    rig = await startRig(refuseWith(new AppError("not_found", "No.")));
    const reply = await rig.send("HEAD", "/v1/optimize/j");
    expect([reply.status, reply.text]).toEqual([404, ""]);
  });
});

it("an error of ours says nothing of itself", async () => {
  rig = await startRig(refuseWith(new Error("secret")));
  const reply = await rig.send("GET", "/v1/optimize/j");
  expect(reply.status).toBe(500);
  expect(reply.json()).toMatchObject({ error: { code: "internal_error" } });
  expect(reply.text).not.toContain("secret");
});

describe("a field is named as the caller wrote it", () => {
  it("even where the contract has another one of that name", async () => {
    rig = await startRig({});
    const reply = await rig.send("POST", "/v1/optimize", jsonBody({ ...SPEC, spec: {} }));
    expect(reply.json()).toMatchObject({ error: { details: { violations: [{ field: "spec" }] } } });
  });

  const cases: [
    contract: string,
    body: Record<string, unknown>,
    headers: Record<string, string>,
    written: string,
  ][] = [
    ["spec.examples[0].input", {}, {}, "examples[0].input"],
    ["spec", {}, {}, ""],
    ["iterations", {}, {}, "iterations"],
    ["spec.target_model_id", { model_id: "x" }, {}, "model_id"],
    ["spec.target_model_id", { target_model_id: "x" }, {}, "target_model_id"],
    ["spec.examples[0].ideal", { examples: [{ input: "a", expected: "b" }] }, {}, "examples[0].expected"],
    ["request_id", {}, { "idempotency-key": "k" }, "Idempotency-Key"],
    ["request_id", {}, {}, "request_id"],
  ];
  for (const [contract, body, headers, written] of cases) {
    it(`${contract} is ${JSON.stringify(written)} after ${JSON.stringify({ ...body, ...headers })}`, async () => {
      const violations = [{ field: contract, description: "is wrong" }];
      rig = await startRig(
        refuseWith(new AppError("validation_error", `${contract}: is wrong`, { violations })),
      );
      const sent = jsonBody({ ...SPEC, ...body });
      const reply = await rig.send("POST", "/v1/optimize", {
        ...sent,
        headers: { ...sent.headers, ...headers },
      });
      expect(reply.json()).toMatchObject({
        detail: `${written || "The body"}: is wrong`,
        error: { details: { violations: [{ field: written, description: "is wrong" }] } },
      });
    });
  }
});
