import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { OptimizationService } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { Health } from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import { call, type CallOptions, refusal } from "../../support/call.ts";
import { createFakeLog } from "../../support/fake-use-cases.ts";
import { aJob } from "../../support/jobs.ts";
import { createTestRpc, startTestServer, TOKEN, type TestRpc } from "../../support/rpc-server.ts";

const { getJob, watchJob } = OptimizationService.method;

/** Two streams for each caller. */
function limited() {
  const log = createFakeLog();
  const useCases = { watchJob: log.watchJob, getJob: async (_: unknown, id: string) => aJob(id) };
  return { log, rpc: createTestRpc({ maxStreamsPerCaller: 2, useCases }) };
}

async function watch(rpc: TestRpc, options: CallOptions = {}) {
  const result = await call(rpc, watchJob, { jobId: "j1", includeJob: true }, options);
  expect(result.kind).toBe("stream");
  return (result as Extract<typeof result, { kind: "stream" }>).messages[Symbol.asyncIterator]();
}

describe("the limit on open streams", () => {
  it("refuses one more, naming the limit and when to come back", async () => {
    const { rpc } = limited();
    await watch(rpc);
    await watch(rpc);
    const error = await refusal(watch(rpc));
    expect(error).toMatchObject({ reason: "quota_exceeded", metadata: { limit: "2" }, retryAfterMs: 1_000 });
    expect(error.message).toContain("MAX_STREAMS_PER_CALLER");
    await call(rpc, getJob, { jobId: "j1" }); // what is no stream is not counted
  });

  it("has room again where a stream was given up, cut off, or read to its end", async () => {
    const { rpc, log } = limited();
    const cut = new AbortController();
    const given = await watch(rpc);
    await watch(rpc, { signal: cut.signal });
    await given.return?.();
    const read = await watch(rpc);
    cut.abort();
    await watch(rpc);
    expect((await refusal(watch(rpc))).reason).toBe("quota_exceeded");
    log.end();
    while (!(await read.next()).done);
    await watch(rpc);
  });

  it("does not count what was refused", async () => {
    const { rpc } = limited();
    for (let i = 0; i < 5; i++) await refusal(call(rpc, watchJob, { jobId: "" }));
    await watch(rpc);
  });

  it("is each caller's own: by address where anonymous, by token otherwise", async () => {
    const { rpc } = limited();
    for (let i = 0; i < 2; i++) await watch(rpc, { clientAddress: "192.0.2.1" });
    await watch(rpc, { clientAddress: "192.0.2.2" });
    await watch(rpc, { header: { authorization: `Bearer ${TOKEN}` } });
    expect((await refusal(watch(rpc, { clientAddress: "192.0.2.1" }))).reason).toBe("quota_exceeded");
  });

  it("holds for streams that anybody may open, too", async () => {
    const { rpc } = limited();
    for (let i = 0; i < 2; i++) await call(rpc, Health.method.watch, {});
    expect((await refusal(call(rpc, Health.method.watch, {}))).reason).toBe("quota_exceeded");
  });

  for (const [name, open] of [
    ["gRPC", (baseUrl: string) => createGrpcTransport({ baseUrl })],
    ["Connect", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
  ] as const) {
    it(`counts a stream of ${name} until its end`, async () => {
      const log = createFakeLog();
      log.end();
      const server = await startTestServer({ maxStreamsPerCaller: 1, useCases: { watchJob: log.watchJob } });
      const client = createClient(OptimizationService, open(server.url));
      for (let i = 0; i < 3; i++) {
        for await (const { job } of client.watchJob({ jobId: "j1", includeJob: true })) {
          expect(job?.jobId).toBe("j1");
        }
      }
      await server.close();
    });
  }
});
