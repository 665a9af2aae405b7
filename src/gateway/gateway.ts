/**
 * REST and SSE over the contract. The gateway is a client of it: it knows descriptors and their options, and reaches
 * the services through `Invoke` alone; it knows no job and no prompt.
 */
import type { DescMethod } from "@bufbuild/protobuf";
import type { Clock } from "../base/clock.ts";
import { AppError, REASONS } from "../base/errors.ts";
import type { Ids } from "../base/ids.ts";
import type { Invoke } from "../base/invoke.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import { bindRequest, type BoundRequest } from "./bind.ts";
import { inCallersWords, PROBLEMS, sendError } from "./errors.ts";
import { answerOptions, type Exchange, openExchange } from "./exchange.ts";
import type { HttpRequest, HttpResponse } from "./http.ts";
import { renderPages, sendPage } from "./pages.ts";
import { deriveRoutes, findRoute, type Match, type Route } from "./routes.ts";
import { SERVICES } from "./services.ts";
import { serveEvents } from "./sse.ts";
import { requestTimeoutMs } from "./timeout.ts";
import { answerUnary } from "./unary.ts";

/** What the gateway needs. */
export interface GatewayDependencies {
  readonly invoke: Invoke;
  /** Throws the refusal of a caller whom {@link GatewayDependencies.invoke} would not let in either. */
  readonly authorise: (method: DescMethod, header: Headers, clientAddress: string) => void;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly config: GatewayConfig;
  /** Text of gen/openapi.json. */
  readonly openApi: string;
  /** Aborts when the server begins to stop. */
  readonly shutdown: AbortSignal;
  /** Address of the client, as the server decides it. */
  readonly clientAddress: (request: HttpRequest) => string;
}

/** The gateway's share of the configuration. */
export interface GatewayConfig {
  /** Largest body in bytes (MAX_REQUEST_BYTES). */
  readonly maxRequestBytes: number;
  /** SSE_RETRY_MS. */
  readonly sseRetryMs: number;
  /** SSE_PING_INTERVAL_S. */
  readonly ssePingIntervalS: number;
}

/** Answers a request of HTTP/1.1 or HTTP/2, whatever its path: it comes last, and where it has nothing it says so. */
export type Gateway = (request: HttpRequest, response: HttpResponse) => void;

/** Derives the routes and renders the pages, once. Throws an Error where the contract asks for what is not supported. */
export function createGateway(deps: GatewayDependencies): Gateway {
  const routes = deriveRoutes(SERVICES);
  const pages = renderPages(deps.openApi);
  return (request, response) => {
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    const page = pages.get(path);
    const exchange = openExchange(request, response, deps.ids);
    if (page !== undefined) {
      sendPage(exchange, page);
    } else {
      void answer(exchange, findRoute(routes, request.method ?? "GET", path), deps);
    }
  };
}

/** Never rejects: whatever happens is answered, or logged where the head is sent already. */
async function answer(exchange: Exchange, match: Match, deps: GatewayDependencies): Promise<void> {
  let bound: BoundRequest | undefined;
  const route = match.kind === "route" ? match.route : undefined;
  try {
    if (match.kind !== "route") {
      refuseRoute(exchange, match);
      return;
    }
    const { request, headers } = exchange;
    deps.authorise(match.route.method, headers, deps.clientAddress(request)); // before a body is read
    bound = await bindRequest(
      match.route,
      match.params,
      request,
      headers,
      deps.config.maxRequestBytes,
      exchange.signal,
    );
    await call(exchange, match.route, bound, deps);
  } catch (error) {
    fail(exchange, route, bound, error, deps);
  }
}

async function call(
  exchange: Exchange,
  route: Route,
  bound: BoundRequest,
  deps: GatewayDependencies,
): Promise<void> {
  const { request, headers, signal } = exchange;
  const timeoutMs = requestTimeoutMs(headers);
  const result = await deps.invoke(route.method, bound.message, {
    signal,
    header: headers,
    clientAddress: deps.clientAddress(request),
    url: request.url ?? "/",
    httpMethod: request.method ?? "GET",
    ...(timeoutMs !== undefined && { timeoutMs }),
  });
  if (route.answer.kind === "events" && result.kind === "stream") {
    await serveEvents(exchange, route.answer.stream, bound.cursor, result.messages, result.header, {
      clock: deps.clock,
      log: deps.log,
      metrics: deps.metrics,
      shutdown: deps.shutdown,
      retryMs: deps.config.sseRetryMs,
      pingIntervalS: deps.config.ssePingIntervalS,
    });
  } else if (route.answer.kind === "unary" && result.kind === "unary") {
    answerUnary(exchange, route, route.answer, result.message, result.header);
  } else {
    throw new TypeError(
      `${route.method.name} was answered as ${result.kind}, its route wants ${route.answer.kind}`,
    );
  }
}

function refuseRoute(exchange: Exchange, match: Exclude<Match, { kind: "route" }>): void {
  const { request } = exchange;
  if (match.kind === "none") {
    throw new AppError("not_found", "There is nothing at this path; /docs lists what there is.");
  }
  const allow = match.allow.join(", ");
  if (request.method === "OPTIONS") {
    answerOptions(exchange, allow);
    return;
  }
  throw new AppError("method_not_allowed", `This path takes ${allow}, not ${request.method}.`, {
    metadata: { allow },
  });
}

function fail(
  exchange: Exchange,
  route: Route | undefined,
  bound: BoundRequest | undefined,
  error: unknown,
  { log, metrics }: GatewayDependencies,
): void {
  const { request, response, requestId, signal } = exchange;
  if (signal.aborted) return; // nobody is left to answer
  const fields = { request_id: requestId, route: route?.template.text, http_method: request.method };
  let shown: AppError;
  if (error instanceof AppError && bound !== undefined) {
    const bodyField = route?.body.kind === "field" ? route.body.field.name : undefined;
    shown = inCallersWords(error, bodyField, bound.names);
  } else if (error instanceof AppError) {
    shown = error; // which names things as the caller did
    // What the services refuse is logged and counted there; this is what never got that far.
    log.info("rest_refused", { ...fields, reason: shown.reason, status: PROBLEMS[shown.reason].status });
    metrics.count("requests_total", {
      protocol: "rest",
      method: nameOf(route),
      code: REASONS[shown.reason].code,
    });
  } else {
    shown = new AppError("internal_error", "Something went wrong here; the request id finds it in the log.");
    log.error("rest_failed", fields, error);
  }
  if (response.headersSent) response.destroy();
  else sendError(request, response, shown, requestId);
}

/** The method of a route as metrics name it; paths that lead to none are one method together. */
function nameOf(route: Route | undefined): string {
  return route === undefined ? "none" : `${route.method.parent.typeName}/${route.method.name}`;
}
