import type { Http2Session } from "node:http2";
import * as net from "node:net";
import * as tls from "node:tls";
import type { Clock } from "../../base/clock.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "./http.ts";
import { createHttp1, createHttp2 } from "./http-servers.ts";
import { pingWhileOpen } from "./ping.ts";
import { sniff } from "./sniff.ts";

/** A peer whose machine is gone is noticed by TCP after about this long. */
const TCP_KEEP_ALIVE_MS = 30_000;

/** Node's default is two minutes. */
const TLS_HANDSHAKE_TIMEOUT_MS = 10_000;

/** What {@link createOnePort} needs. */
export interface OnePortOptions {
  readonly handler: HttpHandler;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** Connections at once; one more is closed as soon as it is accepted. */
  readonly maxConnections: number;
  /** PEM texts; absent for cleartext. */
  readonly tls?: { readonly key: Buffer; readonly cert: Buffer };
}

/** One port for HTTP/1.1 and HTTP/2. */
export interface OnePort {
  /** Resolves with the address it listens on; port 0 takes a free one. Rejects where that is not to be had. */
  listen(host: string, port: number): Promise<net.AddressInfo>;
  /**
   * Takes no more connections, lets go of idle ones, tells HTTP/2 peers to go away, and gives open calls `graceMs`
   * milliseconds. Resolves when the last connection is closed.
   */
  close(graceMs: number): Promise<void>;
}

/** One reason for all timers that are not needed any more. */
const CLOSED = new Error("all connections are closed");

/**
 * In cleartext the protocols are told apart by the first bytes of a connection, under TLS by ALPN. A connection is in
 * one of three states: undecided, handed to the HTTP/1.1 server, handed to the HTTP/2 server.
 */
export function createOnePort(options: OnePortOptions): OnePort {
  const { clock, metrics } = options;
  const sockets = new Set<net.Socket>();
  const undecided = new Set<net.Socket>();
  const sessions = new Set<Http2Session>();
  const answers = new Set<HttpResponse>();
  let closing = false;
  let onEmpty = () => undefined as unknown;

  const handler = (request: HttpRequest, response: HttpResponse) => {
    answers.add(response);
    if (closing) endConnectionAfter(response);
    response.once("close", () => {
      answers.delete(response);
      if (closing) h1.closeIdleConnections();
    });
    options.handler(request, response);
  };
  const h1 = createHttp1(handler);
  const h2 = createHttp2(handler);
  h2.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    pingWhileOpen(session, clock);
  });

  const handOver = (socket: net.Socket, protocol: "h1" | "h2") => {
    // Under HTTP/2 a half-open socket would leave a stalled session deaf to its peer's end.
    if (protocol === "h2") socket.allowHalfOpen = false;
    (protocol === "h2" ? h2 : h1).emit("connection", socket);
  };
  const accept = (socket: net.Socket) => {
    sockets.add(socket);
    metrics.gauge("connections", 1);
    socket.once("close", () => {
      sockets.delete(socket);
      metrics.gauge("connections", -1);
      if (sockets.size === 0) onEmpty();
    });
  };
  const acceptClear = (socket: net.Socket) => {
    accept(socket);
    undecided.add(socket);
    socket.once("close", () => undecided.delete(socket));
    sniff(socket, clock, (protocol) => {
      undecided.delete(socket);
      handOver(socket, protocol);
    });
  };
  const listener = createListener(options, accept, acceptClear, handOver);
  listener.maxConnections = options.maxConnections;

  return {
    listen: (host, port) =>
      new Promise((resolve, reject) => {
        listener.once("error", reject);
        listener.listen({ host, port }, () => {
          listener.off("error", reject);
          resolve(listener.address() as net.AddressInfo); // a TCP listener has no other kind
        });
      }),

    async close(graceMs) {
      closing = true;
      if (listener.listening) listener.close();
      for (const socket of undecided) socket.destroy();
      for (const session of sessions) session.close();
      for (const response of answers) endConnectionAfter(response);
      h1.close(); // also stops the interval that enforces its timeouts
      h1.closeIdleConnections();
      await emptied(graceMs);
    },
  };

  async function emptied(graceMs: number): Promise<void> {
    if (sockets.size === 0) return;
    const empty = new AbortController();
    const closed = new Promise<void>((resolve) => {
      onEmpty = () => {
        empty.abort(CLOSED);
        resolve();
      };
    });
    clock.sleep(graceMs, empty.signal).then(
      () => {
        for (const session of sessions) session.destroy();
        for (const socket of sockets) socket.destroy();
      },
      () => undefined,
    );
    await closed;
  }
}

/** Half-open sockets are allowed: an HTTP/1.1 client may end its side and still wait for the answer. */
const SOCKET_OPTIONS = {
  allowHalfOpen: true,
  noDelay: true,
  keepAlive: true,
  keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
} as const;

function createListener(
  options: OnePortOptions,
  accept: (socket: net.Socket) => void,
  acceptClear: (socket: net.Socket) => void,
  handOver: (socket: net.Socket, protocol: "h1" | "h2") => void,
): net.Server {
  if (options.tls === undefined) return net.createServer(SOCKET_OPTIONS, acceptClear);
  const server = tls.createServer(
    {
      ...SOCKET_OPTIONS,
      ...options.tls,
      ALPNProtocols: ["h2", "http/1.1"],
      handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
    },
    (socket) => handOver(socket, socket.alpnProtocol === "h2" ? "h2" : "h1"),
  );
  server.on("connection", accept);
  // A failed handshake has closed its own socket; without a listener nothing else would happen either.
  server.on("tlsClientError", () => undefined);
  return server;
}

/** An HTTP/1.1 connection is not kept for another request; HTTP/2 has GOAWAY for that. */
function endConnectionAfter(response: HttpResponse): void {
  if (!response.headersSent && response.req.httpVersionMajor === 1) response.setHeader("connection", "close");
}
