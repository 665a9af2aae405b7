import * as http from "node:http";
import * as http2 from "node:http2";
import type { HttpHandler } from "./http.ts";

/** Longer than the idle time of the proxies in front of us; a shorter one races with them and costs 502s. */
const KEEP_ALIVE_MS = 65_000;

/** Slow headers hold a socket no longer than this. */
const HEADERS_TIMEOUT_MS = 60_000;

/** Slow bodies hold a socket no longer than this; an answer, such as an event stream, may take as long as it likes. */
const REQUEST_TIMEOUT_MS = 300_000;

/** Node's own default for HTTP/1.1, and the same for HTTP/2, where the default is four times that. */
const MAX_HEADER_BYTES = 16_384;

/** Streams of one HTTP/2 connection at once; Node's default is no limit. */
const MAX_CONCURRENT_STREAMS = 1_000;

/** The server of HTTP/1.1. It never listens itself: connections are handed to it. */
export function createHttp1(handler: HttpHandler): http.Server {
  const server = http.createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_MS,
      headersTimeout: HEADERS_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_HEADER_BYTES,
    },
    handler,
  );
  server.emit("listening"); // without it no timeout of a server that never listens is enforced
  return server;
}

/** The server of HTTP/2. It never listens itself: connections are handed to it. */
export function createHttp2(handler: HttpHandler): http2.Http2Server {
  const server = http2.createServer(
    { settings: { maxConcurrentStreams: MAX_CONCURRENT_STREAMS, maxHeaderListSize: MAX_HEADER_BYTES } },
    handler,
  );
  // A broken peer ends its own session; without a listener it would end the process.
  server.on("sessionError", () => undefined);
  return server;
}
