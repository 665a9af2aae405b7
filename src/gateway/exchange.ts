import { type Ids, isRequestId } from "../base/ids.ts";
import { AppError } from "../base/errors.ts";
import { type HttpRequest, type HttpResponse, headersOf, writeHead } from "./http.ts";

/** One request and its answer. */
export interface Exchange {
  readonly request: HttpRequest;
  readonly response: HttpResponse;
  /** The request's headers, with the request id that is in force. */
  readonly headers: Headers;
  readonly requestId: string;
  /** Aborts as soon as the client is gone, or the answer is complete. */
  readonly signal: AbortSignal;
}

/** Opens the books on a request. Errors of its sockets end here: they mean that the client is gone. */
export function openExchange(request: HttpRequest, response: HttpResponse, ids: Ids): Exchange {
  const headers = headersOf(request);
  const given = headers.get("x-request-id") ?? "";
  const requestId = isRequestId(given) ? given : ids.request();
  headers.set("x-request-id", requestId);
  const controller = new AbortController();
  const gone = () => controller.abort(new AppError("canceled", "The caller went away."));
  response.once("close", gone);
  response.on("error", gone);
  request.on("error", gone);
  return { request, response, headers, requestId, signal: controller.signal };
}

/** Says which methods a path takes (RFC 9110, section 9.3.7). */
export function answerOptions({ response, requestId }: Exchange, allow: string): void {
  writeHead(response, 204, new Headers(), { allow, "x-request-id": requestId });
  response.end();
}
