import { create, fromBinary, fromJson, type JsonValue, toBinary, toJson } from "@bufbuild/protobuf";
import * as grpc from "@grpc/grpc-js";
import { createParser } from "eventsource-parser";
import { EventSchema } from "../../gen/ts/gepa/v1/event_pb.ts";
import {
  type WatchJobRequest,
  WatchJobRequestSchema,
  type WatchJobResponse,
  WatchJobResponseSchema,
} from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { run } from "./command.ts";
import type { Service } from "./service.ts";

/** What a watch asks for. */
export interface WatchRequest {
  readonly service: Pick<Service, "port" | "url">;
  readonly jobId: string;
  readonly after?: number;
}

/** A client of some make that watches a job to the end and gives its events in canonical ProtoJSON. */
export type Watcher = (request: WatchRequest) => Promise<JsonValue[]>;

/** One event in the one form in which the clients are compared. */
export function canonical(json: JsonValue): JsonValue {
  return toJson(EventSchema, fromJson(EventSchema, json));
}

const cursor = (after: number | undefined) => (after === undefined ? {} : { afterEventId: String(after) });

/** `buf curl`: an independent client (connect-go) of the three protocols. */
export function bufCurl(protocol: "grpc" | "grpcweb" | "connect"): Watcher {
  return async ({ service, jobId, after }) => {
    const printed = await run("node_modules/.bin/buf", [
      "curl",
      ...(protocol === "grpc" ? [] : ["--schema", "proto"]), // over gRPC the schema comes by reflection
      "--protocol",
      protocol,
      ...(protocol === "connect" ? [] : ["--http2-prior-knowledge"]),
      "--data",
      JSON.stringify({ jobId, ...cursor(after) }),
      `${service.url}/gepa.v1.OptimizationService/WatchJob`,
    ]);
    return jsonValues(printed).map((value) => canonical((value as { event: JsonValue }).event));
  };
}

/** The values of a text that holds one JSON object after the other. */
function jsonValues(text: string): JsonValue[] {
  const body = text.trim().replace(/\n?\}\s*\{/g, "\n},{");
  return JSON.parse(`[${body}]`) as JsonValue[];
}

/** `@grpc/grpc-js`: the most used gRPC client of Node.js, with an HTTP/2 of its own. */
export const grpcJs: Watcher = async (request) => {
  const seen: JsonValue[] = [];
  await grpcJsWatch(request, (event) => seen.push(event));
  return seen;
};

/** As {@link grpcJs}, with each event handed over as it comes; rejects with the gRPC error if the stream breaks. */
export function grpcJsWatch(
  { service, jobId, after }: WatchRequest,
  onEvent: (event: JsonValue) => void,
): Promise<void> {
  const client = new grpc.Client(`127.0.0.1:${service.port}`, grpc.credentials.createInsecure());
  return new Promise<void>((resolve, reject) => {
    const call = client.makeServerStreamRequest(
      "/gepa.v1.OptimizationService/WatchJob",
      (value: WatchJobRequest) => Buffer.from(toBinary(WatchJobRequestSchema, value)),
      (bytes: Buffer) => fromBinary(WatchJobResponseSchema, bytes),
      create(WatchJobRequestSchema, {
        jobId,
        ...(after === undefined ? {} : { afterEventId: BigInt(after) }),
      }),
    );
    call.on("data", ({ event }: WatchJobResponse) => {
      if (event !== undefined) onEvent(toJson(EventSchema, event));
    });
    call.on("error", reject);
    call.on("end", resolve);
  }).finally(() => client.close());
}

/** curl over server-sent events, on HTTP/1.1 or on cleartext HTTP/2. Gives what stood on the wire. */
export async function curlSse(
  { service, jobId, after }: WatchRequest,
  http: "--http1.1" | "--http2-prior-knowledge",
): Promise<SseFrame[]> {
  const headers = after === undefined ? [] : ["-H", `Last-Event-ID: ${after}`];
  const url = `${service.url}/v1/optimize/${jobId}/events`;
  const printed = await run("curl", ["-sS", "-N", "--fail-with-body", http, ...headers, url]);
  const frames: SseFrame[] = [];
  const parser = createParser({
    onEvent: ({ id, event, data }) => frames.push({ id: Number(id), event: event ?? "", data }),
  });
  parser.feed(printed);
  return frames;
}

/** One server-sent event as a client sees it. */
export interface SseFrame {
  readonly id: number;
  readonly event: string;
  readonly data: string;
}

/** Python with the C-core gRPC library and code that Debian's protoc made. */
export function python(codeFolder: string): Watcher {
  return async ({ service, jobId, after }) => {
    const printed = await run("/usr/bin/python3", [
      "test/clients/python/watch.py",
      codeFolder,
      `127.0.0.1:${service.port}`,
      jobId,
      String(after ?? 0),
    ]);
    return printed
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => canonical(JSON.parse(line) as JsonValue));
  };
}
