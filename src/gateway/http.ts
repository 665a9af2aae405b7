import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";

/** A request of HTTP/1.1 or of Node's HTTP/2 compatibility layer. */
export type HttpRequest = IncomingMessage | Http2ServerRequest;

/** A response of HTTP/1.1 or of Node's HTTP/2 compatibility layer. */
export type HttpResponse = ServerResponse | Http2ServerResponse;

/** The request's headers as a Headers object; pseudo-headers of HTTP/2 are left out. */
export function headersOf(request: HttpRequest): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(request.headers)) {
    if (value === undefined || name.startsWith(":")) continue;
    for (const one of Array.isArray(value) ? value : [value]) headers.append(name, one);
  }
  return headers;
}

/** How often a header stands in the request; Node joins or drops repeated ones before `headers` shows them. */
export function countHeader(request: HttpRequest, name: string): number {
  return request.rawHeaders.filter((raw, i) => i % 2 === 0 && raw.toLowerCase() === name).length;
}

/** Headers of every answer: nothing is cached, sniffed, framed or executed unless the answer says otherwise. */
const BASE_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Headers that only the transport may set. */
const TRANSPORT_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "content-encoding",
  "content-length",
  "keep-alive",
  "transfer-encoding",
]);

/** The head of an answer. `extra` wins over what the handlers sent, and both over the defaults. */
export function writeHead(
  response: HttpResponse,
  status: number,
  handlerHeader: Headers,
  extra: Readonly<Record<string, string>>,
): void {
  const headers: Record<string, string> = { ...BASE_HEADERS };
  for (const [name, value] of handlerHeader) if (!TRANSPORT_HEADERS.has(name)) headers[name] = value;
  Object.assign(headers, extra);
  // The two classes overload writeHead in different ways; both take these arguments.
  (response as ServerResponse).writeHead(status, headers);
}

/** Writes a piece of the body; false where the reader is behind and "drain" will say when there is room again. */
export function writeChunk(response: HttpResponse, text: string): boolean {
  return (response as ServerResponse).write(text); // as above
}

/** A whole answer. The body of a HEAD request's answer is measured but not sent. */
export function sendBody(
  request: HttpRequest,
  response: HttpResponse,
  status: number,
  handlerHeader: Headers,
  extra: Readonly<Record<string, string>>,
  body: string,
): void {
  writeHead(response, status, handlerHeader, { ...extra, "content-length": String(Buffer.byteLength(body)) });
  response.end(request.method === "HEAD" ? "" : body);
}
