import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import { OptimizationService, type WatchJobResponse } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { AppError } from "../../src/base/errors.ts";
import type { InvokeResult } from "../../src/base/invoke.ts";
import { call, refusal } from "../support/call.ts";
import { aStoredEvent, createFakeLog } from "../support/fake-use-cases.ts";
import { aJob } from "../support/jobs.ts";
import { createTestRpc } from "../support/rpc-server.ts";

const { getJob, watchJob } = OptimizationService.method;

function watching(options: Parameters<typeof call>[3] = {}) {
  const log = createFakeLog();
  const rpc = createTestRpc({ useCases: { watchJob: log.watchJob } });
  const open = async () => messagesOf(await call(rpc, watchJob, { jobId: "j1", includeJob: true }, options));
  return { log, rpc, open };
}

function messagesOf(result: InvokeResult): AsyncIterator<WatchJobResponse> {
  expect(result.kind).toBe("stream");
  const { messages } = result as Extract<InvokeResult, { kind: "stream" }>;
  return (messages as AsyncIterable<WatchJobResponse>)[Symbol.asyncIterator]();
}

describe("a unary call", () => {
  it("gives message and headers", async () => {
    const rpc = createTestRpc({ useCases: { getJob: async (_caller, id) => aJob(id) } });
    const result = await call(rpc, getJob, { jobId: "j7" });
    expect(result).toMatchObject({
      kind: "unary",
      message: { $typeName: "gepa.v1.GetJobResponse", job: { jobId: "j7" } },
    });
    expect(result.header.get("x-request-id")).toBe("request-1");
  });

  it("rejects with what the use case threw, violations and all", async () => {
    const thrown = new AppError("model_not_configured", "Set OPENAI_API_KEY.", {
      violations: [{ field: "spec.target_model_id", description: "has no provider" }],
      metadata: { model: "x" },
    });
    const rpc = createTestRpc({ useCases: { getJob: () => Promise.reject(thrown) } });
    expect(await refusal(call(rpc, getJob, { jobId: "j1" }))).toBe(thrown);
  });

  it("keeps the caller's deadline", async () => {
    const rpc = createTestRpc({ useCases: { getJob: () => new Promise(() => undefined) } });
    expect((await refusal(call(rpc, getJob, { jobId: "j1" }, { timeoutMs: 5 }))).reason).toBe(
      "deadline_exceeded",
    );
  });

  it("to a method that no service has is a fault of this program", async () => {
    const method = create(OptimizationService.method.getJob.input).$typeName;
    const rpc = createTestRpc();
    const stranger = { ...getJob, name: method };
    await expect(call(rpc, stranger, { jobId: "j1" })).rejects.toThrow(/is not served/);
  });
});

describe("a stream", () => {
  it("gives its messages in order, to the end", async () => {
    const { log, open } = watching();
    log.push({ kind: "event", event: aStoredEvent(1) });
    log.push({ kind: "truncated", jobId: "j1", firstAvailable: 5, ts: 1 });
    const messages = await open();
    expect((await messages.next()).value).toMatchObject({ job: { jobId: "j1" } });
    expect((await messages.next()).value).toMatchObject({ event: { id: 1n } });
    expect((await messages.next()).value).toMatchObject({ event: { id: 4n, data: { case: "truncated" } } });
    log.end();
    expect(await messages.next()).toMatchObject({ done: true });
    expect(await messages.next()).toMatchObject({ done: true });
    expect(log.watching()).toBe(0);
  });

  it("that is refused rejects before there is a stream", async () => {
    const rpc = createTestRpc();
    expect((await refusal(call(rpc, watchJob, { jobId: "j1" }))).reason).toBe("not_found");
  });

  it("that fails in its middle throws an AppError with the request id", async () => {
    const rpc = createTestRpc({
      useCases: {
        async *watchJob() {
          yield { kind: "event", event: aStoredEvent(1) };
          throw new TypeError("oops");
        },
      },
    });
    const messages = messagesOf(await call(rpc, watchJob, { jobId: "j1" }));
    await messages.next();
    expect(await refusal(messages.next())).toMatchObject({
      reason: "internal_error",
      metadata: { request_id: "request-1" },
    });
  });

  it("frees its source when it is given up, even before it was read", async () => {
    for (const reads of [0, 1]) {
      const { log, open } = watching();
      const messages = await open();
      for (let i = 0; i < reads; i++) await messages.next();
      await messages.return?.();
      expect(log.watching()).toBe(0);
    }
  });

  it("frees its source when it is given up in the middle of a wait", async () => {
    const { log, open } = watching();
    const messages = await open();
    await messages.next();
    const waiting = refusal(messages.next());
    await messages.return?.();
    expect((await waiting).reason).toBe("canceled");
    expect(log.watching()).toBe(0);
  });

  it("ends when its reader leaves", async () => {
    const leaving = new AbortController();
    const { log, open } = watching({ signal: leaving.signal });
    const messages = await open();
    await messages.next();
    const waiting = refusal(messages.next());
    leaving.abort();
    expect((await waiting).reason).toBe("canceled");
    await log.untilWatching(0);
  });

  it("ends when the server stops, and says so", async () => {
    const { rpc, open } = watching();
    const messages = await open();
    await messages.next();
    const waiting = refusal(messages.next());
    rpc.serving.stop();
    expect(await waiting).toMatchObject({ reason: "draining", retryAfterMs: 1_000 });
  });
});
