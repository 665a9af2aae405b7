import { Code, ConnectError, createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterEach, describe, expect, it } from "vitest";
import { OptimizationService } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { SystemService } from "../../gen/ts/gepa/v1/system_service_pb.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../gen/ts/google/rpc/error_details_pb.ts";
import { AppError } from "../../src/base/errors.ts";
import { aStoredEvent, createFakeLog } from "../support/fake-use-cases.ts";
import { aJob } from "../support/jobs.ts";
import { startTestServer, TOKEN, type TestServer } from "../support/rpc-server.ts";

const TRANSPORTS: readonly (readonly [name: string, open: (baseUrl: string) => Transport])[] = [
  ["gRPC over h2c", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web over h1", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["gRPC-Web over h2c", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "2" })],
  ["Connect over h1", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  [
    "Connect GET over h1",
    (baseUrl) =>
      createConnectTransport({ baseUrl, httpVersion: "1.1", useHttpGet: true, useBinaryFormat: false }),
  ],
  ["Connect over h2c", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "2" })],
];

const SPEC = { prompt: "Greet.", examples: [{ input: "hello" }] };

let server: TestServer;
afterEach(() => server.close());

describe.each(TRANSPORTS)("%s", (_name, open) => {
  const jobs = () => createClient(OptimizationService, open(server.url));

  it("answers a unary call", async () => {
    server = await startTestServer({
      useCases: { getJob: async (_caller, id) => aJob(id, { lastEventId: 7 }) },
    });
    const { job } = await jobs().getJob({ jobId: "j1" });
    expect(job).toMatchObject({ jobId: "j1", lastEventId: 7n, spec: { prompt: "Greet the user." } });
  });

  it("tells the owner by the token", async () => {
    const owners: string[] = [];
    server = await startTestServer({
      useCases: {
        async getJob(caller, id) {
          owners.push(caller.owner);
          return aJob(id);
        },
      },
    });
    await jobs().getJob({ jobId: "j1" }, { headers: { authorization: `Bearer ${TOKEN}` } });
    await jobs().getJob({ jobId: "j1" });
    expect(owners).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), "anonymous"]);
  });

  it("streams every event with its id, to the end", async () => {
    const log = createFakeLog();
    for (const id of [1, 2, 3]) log.push({ kind: "event", event: aStoredEvent(id) });
    log.end();
    server = await startTestServer({ useCases: { watchJob: log.watchJob } });
    const ids: (bigint | undefined)[] = [];
    for await (const { event } of jobs().watchJob({ jobId: "j1", afterEventId: 1n })) ids.push(event?.id);
    expect(ids).toEqual([2n, 3n]);
    expect(log.watching()).toBe(0);
  });

  it("sends the job first where it is asked for, before any event", async () => {
    const log = createFakeLog(aJob("j1", { lastEventId: 0 }));
    server = await startTestServer({ useCases: { watchJob: log.watchJob } });
    const messages = jobs().watchJob({ jobId: "j1", includeJob: true })[Symbol.asyncIterator]();
    const first = await messages.next();
    expect(first.value).toMatchObject({ job: { jobId: "j1" } });
    log.push({ kind: "event", event: aStoredEvent(1) });
    expect((await messages.next()).value).toMatchObject({ event: { id: 1n } });
    log.end();
    expect((await messages.next()).done).toBe(true);
  });

  it("carries code, reason, fields, retry time and request id with an error", async () => {
    const thrown = new AppError("validation_error", "spec.prompt: is 100% wrong; ask a/b?", {
      violations: [{ field: "spec.prompt", description: "is wrong" }],
      retryAfterMs: 1_500,
      metadata: { hint: "x" },
    });
    server = await startTestServer({ useCases: { getJob: () => Promise.reject(thrown) } });
    const error = await errorOf(jobs().getJob({ jobId: "j1" }, { headers: { "x-request-id": "mine-1" } }));
    expect([error.code, error.rawMessage]).toEqual([
      Code.InvalidArgument,
      "spec.prompt: is 100% wrong; ask a/b?",
    ]);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
      { reason: "VALIDATION_ERROR", domain: "gepa-next", metadata: { hint: "x" } },
    ]);
    expect(error.findDetails(BadRequestSchema)).toMatchObject([
      { fieldViolations: [{ field: "spec.prompt", description: "is wrong" }] },
    ]);
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([
      { retryDelay: { seconds: 1n, nanos: 500_000_000 } },
    ]);
    expect(error.metadata.get("x-request-id")).toBe("mine-1");
  });

  it("ends a stream with an error that comes in its middle", async () => {
    server = await startTestServer({
      useCases: {
        async *watchJob() {
          yield { kind: "event", event: aStoredEvent(1) };
          throw new AppError("storage_unavailable", "The store does not answer.");
        },
      },
    });
    const ids: (bigint | undefined)[] = [];
    const read = async () => {
      for await (const { event } of jobs().watchJob({ jobId: "j1" })) ids.push(event?.id);
    };
    const error = await errorOf(read());
    expect(ids).toEqual([1n]);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "STORAGE_UNAVAILABLE" }]);
  });

  it("says nothing about what is our fault but where to look it up", async () => {
    const cause = new Error("password=hunter2");
    server = await startTestServer({ useCases: { getJob: () => Promise.reject(cause) } });
    const error = await errorOf(jobs().getJob({ jobId: "j1" }));
    expect(error.code).toBe(Code.Internal);
    expect(error.rawMessage).toBe(
      "Something went wrong on the server; request id request-1 finds it in the log.",
    );
    expect(server.log.lines).toContainEqual(
      expect.objectContaining({ level: "error", event: "request_fault", request_id: "request-1" }),
    );
    expect(server.log.errors).toEqual([cause]);
  });

  it("frees a watch when its client gives it up", async () => {
    const log = createFakeLog();
    server = await startTestServer({ useCases: { watchJob: log.watchJob } });
    const giveUp = new AbortController();
    const messages = jobs()
      .watchJob({ jobId: "j1", includeJob: true }, { signal: giveUp.signal })
      [Symbol.asyncIterator]();
    await messages.next();
    giveUp.abort();
    expect((await errorOf(messages.next())).code).toBe(Code.Canceled);
    await log.untilWatching(0);
  });

  it("keeps a deadline although the work behind it hangs", async () => {
    server = await startTestServer({ useCases: { getJob: () => new Promise(() => undefined) } });
    const error = await errorOf(jobs().getJob({ jobId: "j1" }, { timeoutMs: 20 }));
    expect(error.code).toBe(Code.DeadlineExceeded);
  });

  it("refuses a message that is too large, by reason", async () => {
    server = await startTestServer();
    const examples = [{ input: "x".repeat(2_000) }];
    const error = await errorOf(jobs().createJob({ spec: { ...SPEC, examples } }));
    expect(error.code).toBe(Code.ResourceExhausted);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "PAYLOAD_TOO_LARGE" }]);
  });

  it("takes a message of just the largest size that is allowed, and answers one far larger", async () => {
    const nextPageToken = "x".repeat(100_000);
    server = await startTestServer({ useCases: { listJobs: async () => ({ items: [], nextPageToken }) } });
    const answer = await jobs().listJobs({ pageToken: "y".repeat(600) });
    expect(answer.nextPageToken).toBe(nextPageToken);
  });

  it("answers a job however large it has become, as REST does", async () => {
    const name = "x".repeat(9 * 1024 * 1024);
    server = await startTestServer({
      useCases: { getJob: async (_caller, id) => aJob(id, { spec: { ...aJob(id).spec, name } }) },
    });
    const { job } = await jobs().getJob({ jobId: "j1" });
    expect(job?.name.length).toBe(name.length);
  });

  it("answers what anyone may ask without a token", async () => {
    server = await startTestServer({ auth: { anonymous: false } });
    const system = createClient(SystemService, open(server.url));
    expect(await system.checkHealth({})).toMatchObject({ status: "ok" });
    expect(await system.getVersion({})).toMatchObject({ version: "1.2.3", apiVersion: "gepa.v1" });
    const error = await errorOf(jobs().getJob({ jobId: "j1" }));
    expect(error.code).toBe(Code.Unauthenticated);
  });

  it("names RPCs that are not served by this version", async () => {
    const stopJob = () => Promise.reject(new AppError("not_implemented", "Not in this version."));
    server = await startTestServer({ useCases: { stopJob } });
    const error = await errorOf(jobs().stopJob({ jobId: "j1" }));
    expect(error.code).toBe(Code.Unimplemented);
    expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "NOT_IMPLEMENTED" }]);
  });
});

/** The ConnectError that a call ends with. */
async function errorOf(call: Promise<unknown>): Promise<ConnectError> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ConnectError);
  return error as ConnectError;
}
