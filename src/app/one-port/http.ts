import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request of HTTP/1.1 or of Node's HTTP/2 compatibility layer. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** A response of HTTP/1.1 or of Node's HTTP/2 compatibility layer. */
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** Answers one request. */
export type HttpHandler = (request: HttpRequest, response: HttpResponse) => void;

/** A complete answer with a short text. */
export function answer(
  response: HttpResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body = "",
): void {
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
  response.statusCode = status;
  response.end(body);
}
