import type { HttpRequest, HttpResponse } from "./http.ts";

/** Headers of every answer: nothing is cached, sniffed, framed or executed unless the answer itself says otherwise. */
const SAFE_HEADERS = {
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
} as const;

/** Two years, as the preload lists ask for. */
const HSTS = "max-age=63072000; includeSubDomains";

/** Makes a request and its answer safe to work on, whatever the peer does. */
export function guard(request: HttpRequest, response: HttpResponse, encrypted: boolean): void {
  for (const [name, value] of Object.entries(SAFE_HEADERS)) response.setHeader(name, value);
  if (encrypted) response.setHeader("strict-transport-security", HSTS);
  joinAuthorization(request);
  toOriginForm(request);
  // A peer that goes away in the middle is no reason to end the process, and those who care listen for "close".
  request.on("error", () => undefined);
  response.on("error", () => undefined);
  // Connect's adapter waits for "drain" alone when the reader is slow (connect-node 2.1.2 and 2.2.0); when the reader
  // is gone that never comes, and the handler's generator would never be freed.
  response.once("close", () => {
    if (!response.writableFinished) response.emit("drain");
  });
}

/** `http://host/path?query`, as it stands in the request line of a client that takes us for a proxy. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?#]*)([^#]*)/i;

/** A target in absolute form must be served, and its host wins over the header's (RFC 9112, section 3.2.2). */
function toOriginForm(request: HttpRequest): void {
  const [, host, rest] = ABSOLUTE_FORM.exec(request.url ?? "") ?? [];
  if (host === undefined || rest === undefined) return;
  request.headers.host = host;
  request.url = rest.startsWith("/") ? rest : `/${rest}`;
}

/** Node keeps the first of several Authorization headers and drops the rest; which one counts is not for us to guess. */
function joinAuthorization(request: HttpRequest): void {
  const { rawHeaders } = request;
  const values = rawHeaders.filter(
    (_, i) => i % 2 === 1 && rawHeaders[i - 1]?.toLowerCase() === "authorization",
  );
  if (values.length > 1) request.headers.authorization = values.join(", ");
}
