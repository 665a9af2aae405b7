import {
  ConnectError,
  createConnectRouter,
  createContextValues,
  type Interceptor,
} from "@connectrpc/connect";
import {
  compressionBrotli,
  compressionGzip,
  universalRequestFromNodeRequest,
  universalResponseToNodeResponse,
} from "@connectrpc/connect-node";
import { codeToHttpStatus, codeToString, errorToJsonBytes } from "@connectrpc/connect/protocol-connect";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import { methodName } from "../../rpc/access.ts";
import { clientAddressKey, requestIdKey } from "../../rpc/context.ts";
import { watchEnd } from "../../rpc/interceptors/messages.ts";
import { protocolOf } from "../../rpc/interceptors/telemetry.ts";
import { registerRoutes, type Route } from "../../rpc/routes.ts";
import type { Serving } from "../../rpc/serving.ts";
import { limitBody } from "./body-limit.ts";
import { checkMessage, checkQuery, JSON_OPTIONS } from "./check-message.ts";
import type { ClientAddress } from "./client-address.ts";
import { plainGrpcMessage } from "./grpc-message.ts";
import { answer, type HttpRequest, type HttpResponse } from "./http.ts";

/** Node's timers fire at once beyond this, so a longer deadline would be none. */
const MAX_TIMEOUT_MS = 2 ** 31 - 1;

const JSON_HEADER = { "content-type": "application/json" } as const;

/** What {@link createRpcHandler} needs. */
export interface RpcHandlerDeps {
  readonly routes: readonly Route[];
  readonly interceptors: Interceptor[];
  readonly serving: Serving;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly clientAddress: ClientAddress;
  readonly maxRequestBytes: number;
}

/**
 * gRPC, gRPC-Web and Connect: answers the paths of RPCs and returns true, or returns false. It stands in for
 * connect-node's own adapter, which lets a malformed Host header end the process, writes to the console, and has no
 * place to hook checks of the body in.
 */
export function createRpcHandler(
  deps: RpcHandlerDeps,
): (request: HttpRequest, response: HttpResponse) => boolean {
  const router = createConnectRouter({
    interceptors: deps.interceptors,
    shutdownSignal: deps.serving.shutdown,
    readMaxBytes: deps.maxRequestBytes,
    // No writeMaxBytes: an answer is made of what was accepted and stored, and whole in memory when it is measured. REST
    // has no bound either, and pages of lists have theirs where they are made.
    maxTimeoutMs: MAX_TIMEOUT_MS,
    acceptCompression: [compressionGzip, compressionBrotli],
    jsonOptions: JSON_OPTIONS,
  });
  registerRoutes(router, deps.routes);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));

  return (request, response) => {
    const handler = handlers.get(request.url?.split("?", 1)[0] ?? "");
    if (handler === undefined) return false;
    const values = createContextValues().set(clientAddressKey, deps.clientAddress(request));
    const universal = universalRequest(request, response, values);
    if (universal === undefined) {
      refuse(response);
      return true;
    }
    const checked = checkMessage(limitBody(universal, handler.method, deps.maxRequestBytes), handler.method);
    let fault: unknown;
    const noteFault = (error: unknown) => {
      fault = error;
    };
    response.once("close", () => {
      if (values.get(requestIdKey) !== "") return; // the telemetry interceptor has noted it
      const method = methodName(handler.method);
      const code = codeToString(ConnectError.from(fault).code);
      deps.log.info("rpc_refused", { method, status: response.statusCode, code });
      deps.metrics.count("requests_total", {
        method,
        code,
        protocol: protocolOf(universal.header.get("content-type")),
      });
    });
    const refusal = checkQuery(universal, handler.method);
    if (refusal !== undefined) {
      fault = refusal;
      answer(response, codeToHttpStatus(refusal.code), JSON_HEADER, errorJson(refusal));
      return true;
    }
    handler(
      isStream(checked.body) ? { ...checked, body: watchEnd(checked.body, { onEnd: noteFault }) } : checked,
    )
      .then((answered) => universalResponseToNodeResponse(plainGrpcMessage(answered), response))
      // The reader is gone; the interceptors have noted what became of the call.
      .catch(() => response.destroy());
    return true;
  };
}

/** The request as Connect sees it; undefined where its URL or headers are malformed. */
function universalRequest(
  request: HttpRequest,
  response: HttpResponse,
  values: ReturnType<typeof createContextValues>,
) {
  try {
    return universalRequestFromNodeRequest(request, response, undefined, values);
  } catch {
    return undefined; // the parsers of URL and Headers throw, and say nothing that the caller could use
  }
}

function isStream(body: unknown): body is AsyncIterable<Uint8Array> {
  return typeof body === "object" && body !== null && Symbol.asyncIterator in body;
}

function errorJson(error: ConnectError): string {
  return Buffer.from(errorToJsonBytes(error, undefined)).toString("utf8");
}

function refuse(response: HttpResponse): void {
  const error = { code: "bad_request", message: "The Host header or the path can not be read." };
  answer(response, 400, JSON_HEADER, `${JSON.stringify({ error })}\n`);
}
