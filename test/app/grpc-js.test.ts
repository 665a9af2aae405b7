import { type Client, credentials, loadPackageDefinition, Metadata, status } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { aStoredEvent, createFakeLog } from "../support/fake-use-cases.ts";
import { startTestServer, TOKEN, type TestServer } from "../support/rpc-server.ts";

/** The most used gRPC client of Node, which loads our .proto files itself. */
interface JobsClient extends Client {
  GetJob(request: object, metadata: Metadata, done: (error: Error | null, answer: object) => void): object;
  WatchJob(request: object, metadata: Metadata): AsyncIterable<object> & { cancel(): void };
}

const definition = loadPackageDefinition(
  loadSync("gepa/v1/optimization_service.proto", {
    includeDirs: [`${import.meta.dirname}/../../proto`],
    longs: Number,
    keepCase: true,
    oneofs: true,
  }),
) as unknown as {
  gepa: { v1: { OptimizationService: new (address: string, creds: object) => JobsClient } };
};

let server: TestServer;
let client: JobsClient;
const log = createFakeLog();
for (const id of [1, 2, 3]) log.push({ kind: "event", event: aStoredEvent(id) });
log.end();

beforeEach(async () => {
  server = await startTestServer({
    useCases: {
      watchJob: log.watchJob,
      getJob: () =>
        Promise.reject(new AppError("not_found", "No job at jobs/none: 100% sure, ünd so weiter.")),
    },
  });
  const { OptimizationService } = definition.gepa.v1;
  client = new OptimizationService(`127.0.0.1:${server.port}`, credentials.createInsecure());
});
afterEach(async () => {
  client.close();
  await server.close();
});

describe("@grpc/grpc-js", () => {
  it("reads a stream of events to its end", async () => {
    const events: object[] = [];
    for await (const message of client.WatchJob({ job_id: "j1" }, new Metadata())) events.push(message);
    expect(events).toMatchObject(
      [1, 2, 3].map((id) => ({ event: { id, job_id: "j1", data: "early_stop" } })),
    );
  });

  it("shows an error's message as it was written, with code, reason and request id", async () => {
    const metadata = new Metadata();
    metadata.set("authorization", `Bearer ${TOKEN}`);
    metadata.set("x-request-id", "from-grpc-js");
    const error = await new Promise<unknown>((resolve) => client.GetJob({ job_id: "x" }, metadata, resolve));
    expect(error).toMatchObject({
      code: status.NOT_FOUND,
      details: "No job at jobs/none: 100% sure, ünd so weiter.",
    });
    const trailers = (error as { metadata: Metadata }).metadata;
    expect(trailers.get("x-request-id")).toEqual(["from-grpc-js"]);
    expect(String(trailers.get("grpc-status-details-bin")[0])).toContain("NOT_FOUND");
  });

  it("is refused with a wrong token", async () => {
    const metadata = new Metadata();
    metadata.set("authorization", "Bearer wrong");
    const error = await new Promise<unknown>((resolve) => client.GetJob({ job_id: "x" }, metadata, resolve));
    expect(error).toMatchObject({ code: status.UNAUTHENTICATED });
  });
});
