import { clone, create } from "@bufbuild/protobuf";
import { type CallOptions, type Client, Code, ConnectError, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { OptimizeSpecSchema } from "../../gen/ts/gepa/v1/spec_pb.ts";
import { OptimizationService } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../gen/ts/google/rpc/error_details_pb.ts";
import { dataFolder, startApp, type TestApp } from "../support/app.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { type OpenAiServer, startOpenAiServer } from "../support/openai-server.ts";

/** The service with two callers and a provider that never answers, so that jobs run for as long as a test wants. */
let app: TestApp;
let provider: OpenAiServer;
let data: Awaited<ReturnType<typeof dataFolder>>;
let clock: FakeClock;
let grpc: Client<typeof OptimizationService>;

const MAX_BYTES = 20_000;

beforeAll(async () => {
  provider = await startOpenAiServer(() => ({ silent: true }));
  data = await dataFolder();
  clock = createFakeClock();
  app = await startApp(data.path, {
    dev: false,
    clock,
    env: {
      API_BEARER_TOKENS: "ada-token,bob-token,eve-token",
      OPENAI_BASE_URL: provider.baseUrl,
      MAX_ITERATIONS: "50",
      MAX_REQUEST_BYTES: String(MAX_BYTES),
      MAX_OPEN_JOBS_PER_OWNER: "3",
      RATE_LIMIT_PER_MIN: "60",
      RATE_LIMIT_BURST: "40",
    },
  });
  grpc = createClient(OptimizationService, createGrpcTransport({ baseUrl: app.url }));
});

afterAll(async () => {
  await app?.stop();
  await provider?.close();
  await data?.remove();
});

const SPEC = {
  prompt: "You are kind.",
  target_model_id: "clerk",
  examples: [{ input: "Hello", ideal: "Hi" }],
};
const PROTO_SPEC = create(OptimizeSpecSchema, {
  prompt: "You are kind.",
  targetModelId: "clerk",
  examples: [{ input: "Hello", ideal: "Hi" }],
});

interface RestCall {
  readonly method?: string;
  readonly path: string;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

async function rest({ method = "GET", path, token = "ada-token", headers, body }: RestCall) {
  return fetch(`${app.url}${path}`, {
    method,
    headers: {
      ...(token === "" ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}

async function newJob(token = "ada-token"): Promise<string> {
  const response = await rest({ method: "POST", path: "/v1/optimize", token, body: SPEC });
  expect(response.status).toBe(201);
  return ((await response.json()) as { job_id: string }).job_id;
}

async function cancel(jobId: string, token = "ada-token") {
  return rest({ method: "DELETE", path: `/v1/optimize/${jobId}`, token });
}

const as = (token: string): CallOptions => ({ headers: { authorization: `Bearer ${token}` } });

/** The error of a call that must fail. */
async function grpcError(call: Promise<unknown>): Promise<ConnectError> {
  return call.then(
    () => {
      throw new Error("the call succeeded");
    },
    (error: unknown) => ConnectError.from(error),
  );
}

/** What both doors must say: the reason, the status, the code, and a sentence of their own. */
async function expectBoth(
  reason: string,
  status: number,
  code: Code,
  answer: Response,
  call: () => Promise<unknown>,
  sentence: RegExp,
) {
  const body = (await answer.json()) as { status: number; error: { code: string; message: string } };
  expect([answer.status, body.status, body.error.code]).toEqual([status, status, reason]);
  expect(body.error.message).toMatch(sentence);
  const error = await grpcError(call());
  const [info] = error.findDetails(ErrorInfoSchema);
  expect([Code[error.code], info?.reason, info?.domain]).toEqual([
    Code[code],
    reason.toUpperCase(),
    "gepa-next",
  ]);
  expect(error.rawMessage).toMatch(sentence);
  return { body, error };
}

describe("errors, over REST and over gRPC", () => {
  it("unauthorized: no token, or a wrong one", async () => {
    for (const token of ["", "mallory-token"]) {
      const answer = await rest({ path: "/v1/optimize", token });
      expect(answer.headers.get("www-authenticate")).toMatch(/^Bearer/);
      const call = () => grpc.listJobs({}, token === "" ? {} : as(token));
      await expectBoth("unauthorized", 401, Code.Unauthenticated, answer, call, /token/i);
    }
  });

  it("not_found: a job that never was, and somebody else's, in the same words", async () => {
    const foreign = await newJob("bob-token");
    const said: string[] = [];
    for (const jobId of ["no-such-job", foreign]) {
      const answer = await rest({ path: `/v1/optimize/${jobId}` });
      const call = () => grpc.getJob({ jobId }, as("ada-token"));
      const { body } = await expectBoth("not_found", 404, Code.NotFound, answer, call, /job/i);
      said.push(body.error.message.replaceAll(jobId, "ID"));
    }
    expect(said[0]).toBe(said[1]);
    await cancel(foreign, "bob-token");
  });

  it("not_cancelable: a job that has ended", async () => {
    const jobId = await newJob();
    expect((await cancel(jobId)).status).toBe(200);
    const call = () => grpc.cancelJob({ jobId }, as("ada-token"));
    await expectBoth("not_cancelable", 409, Code.FailedPrecondition, await cancel(jobId), call, /cancelled/);
  });

  it("invalid_state: a job that has not ended can not be deleted", async () => {
    const jobId = await newJob();
    const answer = await rest({ method: "POST", path: `/v1/optimize/${jobId}/delete` });
    const call = () => grpc.deleteJob({ jobId }, as("ada-token"));
    await expectBoth("invalid_state", 409, Code.FailedPrecondition, answer, call, /cancel/i);
    await cancel(jobId);
  });

  it("idempotency_mismatch: a key that was used with another request", async () => {
    const headers = { "idempotency-key": "mismatch-1" };
    const first = await rest({ method: "POST", path: "/v1/optimize", headers, body: SPEC });
    const { job_id } = (await first.json()) as { job_id: string };
    const other = { ...SPEC, prompt: "You are curt." };
    const answer = await rest({ method: "POST", path: "/v1/optimize", headers, body: other });
    const spec = { ...clone(OptimizeSpecSchema, PROTO_SPEC), prompt: "You are curt." };
    const call = () => grpc.createJob({ spec, requestId: "mismatch-1" }, as("ada-token"));
    await expectBoth("idempotency_mismatch", 422, Code.InvalidArgument, answer, call, /key/i);
    await cancel(job_id);
  });

  it("validation_error: an id that no job or candidate can have is refused by every call that takes one", async () => {
    const jobId = "x".repeat(65);
    const ada = as("ada-token");
    const about = `/v1/optimize/${jobId}`;
    const calls = [
      { method: "GET", path: about, call: () => grpc.getJob({ jobId }, ada) },
      {
        method: "GET",
        path: `${about}/events`,
        call: () => grpc.watchJob({ jobId }, ada)[Symbol.asyncIterator]().next(),
      },
      { method: "GET", path: `${about}/log`, call: () => grpc.listEvents({ jobId }, ada) },
      { method: "GET", path: `${about}/candidates`, call: () => grpc.listCandidates({ jobId }, ada) },
      { method: "GET", path: `${about}/rollouts`, call: () => grpc.listRollouts({ jobId }, ada) },
      { method: "GET", path: `${about}/report`, call: () => grpc.getReport({ jobId }, ada) },
      { method: "DELETE", path: about, call: () => grpc.cancelJob({ jobId }, ada) },
      { method: "POST", path: `${about}/stop`, call: () => grpc.stopJob({ jobId }, ada) },
      { method: "POST", path: `${about}/pause`, call: () => grpc.pauseJob({ jobId }, ada) },
      { method: "POST", path: `${about}/resume`, call: () => grpc.resumeJob({ jobId }, ada) },
      { method: "POST", path: `${about}/fork`, call: () => grpc.forkJob({ jobId }, ada) },
      { method: "POST", path: `${about}/delete`, call: () => grpc.deleteJob({ jobId }, ada) },
      {
        method: "GET",
        path: `/v1/optimize/x/candidates/${jobId}`,
        call: () => grpc.getCandidate({ jobId: "x", candidateId: jobId }, ada),
      },
    ];
    for (const { method, path, call } of calls) {
      const answer = await rest({ method, path });
      await expectBoth("validation_error", 422, Code.InvalidArgument, answer, call, /_id.*64/);
    }
  });

  it("validation_error: names the field as the caller wrote it", async () => {
    const tooMany = { ...SPEC, examples: [] };
    const answer = await rest({ method: "POST", path: "/v1/optimize", body: tooMany });
    const spec = create(OptimizeSpecSchema, { prompt: "x" });
    const { body, error } = await expectBoth(
      "validation_error",
      422,
      Code.InvalidArgument,
      answer,
      () => grpc.createJob({ spec }, as("ada-token")),
      /examples/,
    );
    expect(JSON.stringify(body.error)).toContain('"field":"examples"');
    expect(error.findDetails(BadRequestSchema)[0]?.fieldViolations[0]?.field).toBe("spec.examples");
    const refused: [unknown, RegExp][] = [
      [{ ...SPEC, judge_model_id: "x" }, /judge/],
      [{ ...SPEC, promt: "x" }, /promt/],
      ["{", /JSON/],
      [{ ...SPEC, examples: [{ input: "a", ideal: "b", expected: "c" }] }, /expected|ideal/],
    ];
    for (const [wrong, sentence] of refused) {
      const response = await rest({ method: "POST", path: "/v1/optimize", body: wrong });
      const { error: said } = (await response.json()) as { error: { code: string; message: string } };
      expect([response.status, said.code]).toEqual([422, "validation_error"]);
      expect(JSON.stringify(said)).toMatch(sentence);
    }
  });

  it("validation_error: more iterations than the server allows are refused, not clamped", async () => {
    const answer = await rest({ method: "POST", path: "/v1/optimize?iterations=51", body: SPEC });
    const call = () => grpc.createJob({ spec: PROTO_SPEC, iterations: 51 }, as("ada-token"));
    await expectBoth("validation_error", 422, Code.InvalidArgument, answer, call, /50/);
  });

  it("invalid_cursor: beyond the last event", async () => {
    const jobId = await newJob();
    const answer = await rest({ path: `/v1/optimize/${jobId}/events?last_event_id=999` });
    const watch = async () => {
      for await (const message of grpc.watchJob({ jobId, afterEventId: 999n }, as("ada-token")))
        return message;
      return undefined;
    };
    await expectBoth("invalid_cursor", 400, Code.InvalidArgument, answer, watch, /cursor|event/i);
    await cancel(jobId);
  });

  it("bad_request: a key that no header may hold", async () => {
    const headers = { "idempotency-key": "x".repeat(256) };
    const answer = await rest({ method: "POST", path: "/v1/optimize", headers, body: SPEC });
    const call = () =>
      grpc.createJob({ spec: PROTO_SPEC }, { headers: { ...as("ada-token").headers, ...headers } });
    await expectBoth("bad_request", 400, Code.InvalidArgument, answer, call, /255/);
  });

  it("payload_too_large: a body beyond the limit", async () => {
    const large = { ...SPEC, prompt: "x".repeat(MAX_BYTES) };
    const answer = await rest({ method: "POST", path: "/v1/optimize", body: large });
    const spec = create(OptimizeSpecSchema, { prompt: large.prompt, examples: [{ input: "a" }] });
    const call = () => grpc.createJob({ spec }, as("ada-token"));
    await expectBoth("payload_too_large", 413, Code.ResourceExhausted, answer, call, /./);
  });

  it("quota_exceeded: more open jobs than one caller may have", async () => {
    const open = [await newJob("bob-token"), await newJob("bob-token"), await newJob("bob-token")];
    const answer = await rest({ method: "POST", path: "/v1/optimize", token: "bob-token", body: SPEC });
    const call = () => grpc.createJob({ spec: PROTO_SPEC }, as("bob-token"));
    await expectBoth("quota_exceeded", 429, Code.ResourceExhausted, answer, call, /3/);
    for (const jobId of open) await cancel(jobId, "bob-token");
  });

  it("precondition_failed: the job is not the one the caller read", async () => {
    const jobId = await newJob();
    const headers = { "if-match": `"${jobId}-0"` };
    const answer = await rest({ method: "DELETE", path: `/v1/optimize/${jobId}`, headers });
    const call = () => grpc.cancelJob({ jobId, ifMatch: `"${jobId}-0"` }, as("ada-token"));
    await expectBoth("precondition_failed", 412, Code.Aborted, answer, call, /changed|etag/i);
    await cancel(jobId);
  });

  it("model_not_configured: a model that no provider serves, with the variable to set", async () => {
    const body = { ...SPEC, target_model_id: "acme/large" };
    const answer = await rest({ method: "POST", path: "/v1/optimize", body });
    const spec = create(OptimizeSpecSchema, {
      prompt: "x",
      targetModelId: "acme/large",
      examples: [{ input: "a" }],
    });
    const call = () => grpc.createJob({ spec }, as("ada-token"));
    await expectBoth(
      "model_not_configured",
      422,
      Code.FailedPrecondition,
      answer,
      call,
      /OPENROUTER_API_KEY/,
    );
  });

  it("unsupported_media_type and method_not_allowed: what only HTTP can get wrong", async () => {
    const form = await rest({
      method: "POST",
      path: "/v1/optimize",
      body: "a=b",
      headers: { "content-type": "text/csv" },
    });
    expect([form.status, ((await form.json()) as { error: { code: string } }).error.code]).toEqual([
      415,
      "unsupported_media_type",
    ]);
    const put = await rest({ method: "PUT", path: "/v1/optimize" });
    expect([
      put.status,
      put.headers.get("allow"),
      ((await put.json()) as { error: { code: string } }).error.code,
    ]).toEqual([405, expect.stringContaining("POST"), "method_not_allowed"]);
  });

  it("rate_limited: says when to come back, and lets the caller in then", async () => {
    let answer = await cancel("no-such-job", "eve-token");
    for (let i = 0; i < 60 && answer.status !== 429; i++) answer = await cancel("no-such-job", "eve-token");
    const wait = Number(answer.headers.get("retry-after"));
    const call = () => grpc.cancelJob({ jobId: "no-such-job" }, as("eve-token"));
    const { error } = await expectBoth("rate_limited", 429, Code.ResourceExhausted, answer, call, /./);
    expect(wait).toBeGreaterThan(0);
    expect(error.findDetails(RetryInfoSchema)).toHaveLength(1);
    await clock.advance(wait * 1000);
    expect((await cancel("no-such-job", "eve-token")).status).toBe(404);
  });

  it("deadline_exceeded: the caller's own limit passes while a stream waits", async () => {
    const jobId = await newJob();
    const watch = async () => {
      const stream = grpc.watchJob({ jobId }, { ...as("ada-token"), timeoutMs: 50 });
      for await (const message of stream) if (message.event?.data.case === "finished") return message;
      return undefined;
    };
    expect((await grpcError(watch())).code).toBe(Code.DeadlineExceeded);
    await cancel(jobId);
  });
});
