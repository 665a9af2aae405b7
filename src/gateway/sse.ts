/**
 * Server-sent events (WHATWG HTML, section 9.2) out of a server stream. Nothing is sent before the stream's first
 * message: up to there a failure is an ordinary error answer, and a reader who has seen the end gets 204, which tells
 * a browser to stop asking. After that the stream says how it ends: with the terminal event, or with `stream_error`.
 */
import type { Message } from "@bufbuild/protobuf";
import { abortable } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { AppError } from "../base/errors.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { errorBody } from "./errors.ts";
import { createEventWriter, type EventWriter, StalledReaderError } from "./event-writer.ts";
import type { Exchange } from "./exchange.ts";
import { writeHead } from "./http.ts";
import type { JsonObject } from "./json/parse.ts";
import { restJson, fieldValue } from "./json/print.ts";
import { readPath } from "./message-path.ts";
import type { EventStream } from "./routes.ts";

/** What a stream needs of its surroundings. */
export interface SseDependencies {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Aborts when the server begins to stop; every stream then says so and ends. */
  readonly shutdown: AbortSignal;
  /** What a reader is asked to wait before it comes back, in milliseconds. */
  readonly retryMs: number;
  /** Silence after which a comment is sent, in seconds. */
  readonly pingIntervalS: number;
}

/** After how long a reader may find the server, or its successor, up again. */
const RESTART_MS = 1000;

/**
 * Sends a stream to one reader. Resolves when the answer is complete or the reader is gone; rejects only before the
 * head is sent, with what is to be answered in its place.
 */
export async function serveEvents(
  exchange: Exchange,
  stream: EventStream,
  cursor: bigint | undefined,
  messages: AsyncIterable<Message>,
  handlerHeader: Headers,
  deps: SseDependencies,
): Promise<void> {
  const { request, response } = exchange;
  const iterator = messages[Symbol.asyncIterator]();
  const end = endOf(exchange.signal, deps.shutdown);
  try {
    const first = await abortable(iterator.next(), end.signal);
    const id = { "x-request-id": handlerHeader.get("x-request-id") ?? exchange.requestId };
    if (first.done || hasSeenAll(stream, first.value, cursor)) {
      writeHead(response, 204, handlerHeader, id);
      response.end();
      return;
    }
    writeHead(response, 200, handlerHeader, {
      ...id,
      "content-type": "text/event-stream",
      "cache-control": "no-store, no-transform",
      "x-accel-buffering": "no", // nginx collects an answer before it passes it on, unless told otherwise
    });
    if (request.method === "HEAD") response.end();
    else await pump(exchange, stream, first.value, iterator, end.signal, deps);
  } finally {
    end.release();
    // The source is deaf only if it waits on something without the signal; the answer does not wait for it.
    iterator.return?.().catch(() => undefined);
  }
}

async function pump(
  exchange: Exchange,
  stream: EventStream,
  first: Message,
  iterator: AsyncIterator<Message>,
  signal: AbortSignal,
  deps: SseDependencies,
): Promise<void> {
  const { response } = exchange;
  const writer = createEventWriter(response, deps.clock, signal);
  const stopPings = deps.clock.every(deps.pingIntervalS * 1000, () => writer.heartbeat());
  deps.metrics.gauge("sse_clients", 1);
  try {
    await writer.write(`retry: ${deps.retryMs}\n\n`);
    await writeEvent(writer, stream, first);
    for (;;) {
      const next = await abortable(iterator.next(), signal);
      if (next.done) break;
      await writeEvent(writer, stream, next.value);
    }
    response.end();
  } catch (error) {
    endWith(error, exchange, deps);
  } finally {
    stopPings();
    deps.metrics.gauge("sse_clients", -1);
  }
}

async function writeEvent(writer: EventWriter, stream: EventStream, message: Message): Promise<void> {
  const event = fieldValue(message, stream.event);
  if (event !== undefined) await writer.write(frame(restJson(stream.event.message, event as Message)));
}

/** One event in wire form. Its JSON is one line: JSON text has no raw line break. */
function frame(event: JsonObject): string {
  return `id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** The head is sent, so an error becomes the stream's last event. It has no id: the reader's cursor stays. */
function endWith(error: unknown, exchange: Exchange, deps: SseDependencies): void {
  const { request, response, requestId, signal } = exchange;
  if (signal.aborted) return; // the reader is gone
  if (error instanceof StalledReaderError) {
    deps.log.info("sse_reader_stalled", { request_id: requestId });
    response.destroy();
    return;
  }
  if (!(error instanceof AppError)) deps.log.error("sse_failed", { request_id: requestId }, error);
  const shown =
    error instanceof AppError ? error : new AppError("internal_error", "The stream broke; come back.");
  const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
  // Not "error": under that name it would look to EventSource like a failed connection.
  response.end(`event: stream_error\ndata: ${JSON.stringify(errorBody(shown, path, requestId))}\n\n`);
}

/** Whether no event can follow the cursor, by the state of things that came as the first message. */
function hasSeenAll(stream: EventStream, first: Message, cursor: bigint | undefined): boolean {
  return readPath(first, stream.ended) !== undefined && readPath(first, stream.head) === (cursor ?? 0n);
}

/** Aborts when the reader goes away or the server stops. Released by hand: the server's signal outlives the stream. */
function endOf(client: AbortSignal, shutdown: AbortSignal): { signal: AbortSignal; release: () => void } {
  const controller = new AbortController();
  const onClient = () => controller.abort(client.reason);
  const onShutdown = () =>
    controller.abort(
      new AppError("draining", "The server is shutting down; come back with the last id.", {
        retryAfterMs: RESTART_MS,
      }),
    );
  if (client.aborted) onClient();
  if (shutdown.aborted) onShutdown();
  client.addEventListener("abort", onClient, { once: true });
  shutdown.addEventListener("abort", onShutdown, { once: true });
  return {
    signal: controller.signal,
    release() {
      client.removeEventListener("abort", onClient);
      shutdown.removeEventListener("abort", onShutdown);
    },
  };
}
