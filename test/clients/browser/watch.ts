import { type JsonValue, toJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcWebTransport } from "@connectrpc/connect-web";
import { EventSchema } from "../../../gen/ts/gepa/v1/event_pb.ts";
import { OptimizationService } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";

/** What the page offers to the test that drives it: watches a job to the end and gives its events. */
async function watch(
  baseUrl: string,
  protocol: "connect" | "grpcweb",
  jobId: string,
  after: number,
): Promise<JsonValue[]> {
  const transport =
    protocol === "connect" ? createConnectTransport({ baseUrl }) : createGrpcWebTransport({ baseUrl });
  const client = createClient(OptimizationService, transport);
  const events: JsonValue[] = [];
  const request = { jobId, ...(after > 0 ? { afterEventId: BigInt(after) } : {}) };
  for await (const { event } of client.watchJob(request)) {
    if (event !== undefined) events.push(toJson(EventSchema, event));
  }
  return events;
}

Object.assign(globalThis, { watch });
