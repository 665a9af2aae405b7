import type { AddressInfo } from "node:net";
import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Route } from "../rpc/routes.ts";
import type { Serving } from "../rpc/serving.ts";
import type { ClientAddress } from "./one-port/client-address.ts";
import { createCors } from "./one-port/cors.ts";
import { guard } from "./one-port/guard.ts";
import type { HttpRequest, HttpResponse } from "./one-port/http.ts";
import { createOnePort, type OnePort } from "./one-port/one-port.ts";
import { createRpcHandler } from "./one-port/rpc-handler.ts";
import { readTls, type TlsFiles } from "./read-tls.ts";

/** The server's share of the configuration. */
export interface ServerConfig {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** PEM files; absent for cleartext. */
  readonly tls?: TlsFiles;
  readonly maxRequestBytes: number;
  readonly maxConnections: number;
  readonly corsAllowedOrigins: readonly string[];
  /** Time that open calls get after a stop was asked for. */
  readonly shutdownGraceMs: number;
}

/** What the server needs. */
export interface ServerDeps {
  readonly config: ServerConfig;
  readonly routes: readonly Route[];
  readonly interceptors: Interceptor[];
  readonly serving: Serving;
  /** Answers whatever is no RPC. */
  readonly gateway: (request: HttpRequest, response: HttpResponse) => void;
  readonly clientAddress: ClientAddress;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** A server that listens at most once. */
export interface Server {
  /** Resolves with the address it listens on. Rejects where the port is taken, as {@link readTls} does. */
  listen(): Promise<AddressInfo>;
  /** Refuses new calls, tells every open stream, waits for the rest, and resolves when the last connection is closed. */
  stop(): Promise<void>;
}

/** All protocols on one port. A request meets, in this order: guard, CORS, RPC, gateway. */
export function createServer(deps: ServerDeps): Server {
  const { config, serving } = deps;
  const cors = createCors(config.corsAllowedOrigins);
  const rpc = createRpcHandler({ ...deps, maxRequestBytes: config.maxRequestBytes });
  const encrypted = config.tls !== undefined;
  const handler = (request: HttpRequest, response: HttpResponse) => {
    guard(request, response, encrypted);
    if (cors(request, response) || rpc(request, response)) return;
    deps.gateway(request, response);
  };
  let port: OnePort | undefined;

  return {
    async listen() {
      const tls = config.tls && (await readTls(config.tls));
      port = createOnePort({
        handler,
        clock: deps.clock,
        metrics: deps.metrics,
        maxConnections: config.maxConnections,
        ...(tls !== undefined && { tls }),
      });
      const address = await port.listen(config.host, config.port);
      deps.log.info("listening", { address: address.address, port: address.port, tls: encrypted });
      return address;
    },

    async stop() {
      deps.log.info("stopping", { grace_ms: config.shutdownGraceMs });
      serving.stop();
      await port?.close(config.shutdownGraceMs);
      deps.log.info("stopped");
    },
  };
}
