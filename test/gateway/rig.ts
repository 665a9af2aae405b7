import { createServer as createHttpServer, type IncomingHttpHeaders, request } from "node:http";
import { connect, createServer as createHttp2Server } from "node:http2";
import type { AddressInfo, Server, Socket } from "node:net";
import { readFileSync } from "node:fs";
import { create, type DescMethod, type Message } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { type Event, EventSchema } from "../../gen/ts/gepa/v1/event_pb.ts";
import { JobSchema, JobStatus } from "../../gen/ts/gepa/v1/job_pb.ts";
import {
  CreateJobResponseSchema,
  GetJobResponseSchema,
  WatchJobResponseSchema,
} from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import type { Invoke, InvokeContext } from "../../src/base/invoke.ts";
import type { GaugeName, Metrics } from "../../src/base/metrics.ts";
import { noMetrics } from "../../src/base/metrics.ts";
import { silentLogger } from "../../src/base/log.ts";
import { createGateway } from "../../src/gateway/gateway.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";

/** Text of the generated document, as the service serves it. */
export const OPEN_API = readFileSync(new URL("../../gen/openapi.json", import.meta.url), "utf8");

/** A call that reached the services. */
export interface Call {
  readonly method: DescMethod;
  readonly input: Message;
  readonly context: InvokeContext;
}

/** Answers one method. */
export type Handler = (call: Call) => Promise<Message> | AsyncIterable<Message>;

/** A gateway on loopback over handlers by method name. */
export interface Rig {
  readonly port: number;
  readonly clock: FakeClock;
  readonly calls: Call[];
  readonly shutdown: AbortController;
  /** What was counted, sample by sample. */
  readonly counted: readonly Readonly<Record<string, string>>[];
  /** Value of a gauge now. */
  gauge(name: GaugeName): number;
  /** One request over HTTP/1.1, read to its end. */
  send(method: string, path: string, options?: SendOptions): Promise<Reply>;
  close(): Promise<void>;
}

/** What to send beside method and path. */
export interface SendOptions {
  readonly headers?: Readonly<Record<string, string | string[]>>;
  readonly body?: string | Buffer;
  /** Send the body in pieces without announcing its length. */
  readonly isChunked?: boolean;
}

/** A whole answer. */
export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The body as JSON. */
  json(): Record<string, unknown>;
}

/** Options of {@link startRig}. */
export interface RigOptions {
  readonly maxRequestBytes?: number;
  readonly isHttp2?: boolean;
  readonly sseRetryMs?: number;
  /** Throws where a caller is not let in; lets everybody in where absent. */
  readonly authorise?: (method: DescMethod, header: Headers, clientAddress: string) => void;
  /** Headers that every answer of a handler carries. */
  readonly header?: Readonly<Record<string, string>>;
}

/** Starts a gateway whose services are `handlers`; a method without one fails the test. */
export async function startRig(
  handlers: Readonly<Record<string, Handler>>,
  options: RigOptions = {},
): Promise<Rig> {
  const clock = createFakeClock();
  const calls: Call[] = [];
  const gauges = new Map<GaugeName, number>();
  const counted: Rig["counted"][number][] = [];
  const metrics: Metrics = {
    ...noMetrics,
    count: (name, labels = {}) => void counted.push({ name, ...labels }),
    gauge: (name, by) => void gauges.set(name, (gauges.get(name) ?? 0) + by),
  };
  const invoke: Invoke = async (method, input, context) => {
    const call = { method, input, context };
    calls.push(call);
    const handler = handlers[method.name];
    if (handler === undefined) throw new Error(`${method.name} was not expected`);
    const answer = handler(call);
    const header = new Headers(options.header);
    if (answer instanceof Promise) {
      return { kind: "unary", header, trailer: new Headers(), message: await answer };
    }
    return { kind: "stream", header, messages: answer };
  };
  const shutdown = new AbortController();
  let requestIds = 0;
  const gateway = createGateway({
    invoke,
    authorise: options.authorise ?? (() => undefined),
    clock,
    ids: { job: () => "unused", request: () => `request-${++requestIds}` },
    log: silentLogger,
    metrics,
    config: {
      maxRequestBytes: options.maxRequestBytes ?? 100_000,
      sseRetryMs: options.sseRetryMs ?? 1500,
      ssePingIntervalS: 15,
    },
    openApi: OPEN_API,
    shutdown: shutdown.signal,
    clientAddress: (req) => req.socket.remoteAddress ?? "",
  });
  const server: Server = options.isHttp2 ? createHttp2Server() : createHttpServer();
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
  });
  server.on("request", (req, res) => {
    gateway(req, res);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    port,
    clock,
    calls,
    counted,
    shutdown,
    gauge: (name) => gauges.get(name) ?? 0,
    send: (method, path, sent) => send(port, method, path, sent),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

function send(port: number, method: string, path: string, options: SendOptions = {}): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { body, isChunked, headers } = options;
    const length =
      body === undefined || isChunked ? {} : { "content-length": String(Buffer.byteLength(body)) };
    const req = request(
      { port, host: "127.0.0.1", method, path, headers: { ...length, ...headers } },
      (res) => {
        const chunks: Buffer[] = [];
        res.on("data", (chunk: Buffer) => chunks.push(chunk));
        res.on("error", reject);
        res.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          resolve({ status: res.statusCode ?? 0, headers: res.headers, text, json: () => JSON.parse(text) });
        });
      },
    );
    req.on("error", reject);
    if (isChunked && body !== undefined) {
      const bytes = Buffer.from(body);
      for (let at = 0; at < bytes.length; at += 1000) req.write(bytes.subarray(at, at + 1000));
    } else if (body !== undefined) {
      req.write(body);
    }
    req.end();
  });
}

/** A GET over cleartext HTTP/2, read to its end. */
export async function getOverHttp2(port: number, path: string): Promise<Reply> {
  const session = connect(`http://127.0.0.1:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      const stream = session.request({ ":path": path });
      let headers: IncomingHttpHeaders = {};
      let text = "";
      stream.setEncoding("utf8");
      stream.on("response", (received) => {
        headers = received as IncomingHttpHeaders;
      });
      stream.on("data", (chunk: string) => {
        text += chunk;
      });
      stream.on("error", reject);
      stream.on("end", () =>
        resolve({ status: Number(headers[":status"]), headers, text, json: () => JSON.parse(text) }),
      );
    });
  } finally {
    session.close();
  }
}

/** A JSON request with the header it needs. */
export function jsonBody(value: unknown): SendOptions {
  return { headers: { "content-type": "application/json" }, body: JSON.stringify(value) };
}

/** The smallest spec that is accepted. */
export const SPEC = { prompt: "Be brief.", examples: [{ input: "Hello" }] };

/** Milliseconds of {@link job}'s creation. */
export const CREATED_MS = 1_712_345_678_123;

/** A job message. */
export function job(
  fields: { jobId?: string; status?: JobStatus; lastEventId?: number; hasEnded?: boolean } = {},
) {
  return create(JobSchema, {
    jobId: fields.jobId ?? "job-1",
    status: fields.status ?? JobStatus.RUNNING,
    createdAt: timestampFromMs(CREATED_MS),
    lastEventId: BigInt(fields.lastEventId ?? 0),
    etag: '"v7"',
    ...(fields.hasEnded && { endedAt: timestampFromMs(CREATED_MS + 1000) }),
  });
}

/** The answer of CreateJob. */
export const createAnswer = () =>
  create(CreateJobResponseSchema, { job: job({ status: JobStatus.PENDING }) });

/** The answer of GetJob. */
export const getAnswer = () => create(GetJobResponseSchema, { job: job() });

/** The event of a number: progress up to the last, which is `finished`. */
export function event(id: number, last = Number.POSITIVE_INFINITY): Event {
  const data =
    id < last
      ? ({ case: "progress", value: { stage: "select", iteration: id, bestScore: 0.71 } } as const)
      : ({ case: "finished", value: { stopReason: "iterations" } } as const);
  return create(EventSchema, {
    id: BigInt(id),
    jobId: "job-1",
    ts: timestampFromMs(CREATED_MS),
    schemaVersion: 1,
    data,
  });
}

/** A watch message with an event. */
export const eventMessage = (id: number, last?: number) =>
  create(WatchJobResponseSchema, { event: event(id, last) });

/** The first watch message: the job as it stands. */
export const snapshot = (fields: Parameters<typeof job>[0] = {}) =>
  create(WatchJobResponseSchema, { job: job(fields) });
