import { cors } from "@connectrpc/connect";
import { answer, type HttpRequest, type HttpResponse } from "./http.ts";

/** Browsers keep the answer to a preflight at most this long anyway. */
const MAX_AGE_S = 7_200;

const METHODS = [...new Set([...cors.allowedMethods, "DELETE", "HEAD"])].join(", ");

const ALLOWED = [
  ...cors.allowedHeaders,
  "Authorization",
  "Idempotency-Key",
  "If-Match",
  "If-None-Match",
  "Last-Event-ID",
  "X-Request-Id",
  "X-Request-Timeout",
].join(", ");

const EXPOSED = [
  ...cors.exposedHeaders,
  "ETag",
  "Idempotent-Replayed",
  "Location",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "WWW-Authenticate",
  "X-Request-Id",
].join(", ");

/**
 * Lets web pages of the allowed origins in, over every protocol. Answers a preflight and returns true; any other
 * request gets its headers and goes on. No cookies are involved, so credentials are not allowed.
 */
export function createCors(
  allowedOrigins: readonly string[],
): (request: HttpRequest, response: HttpResponse) => boolean {
  const allowed = new Set(allowedOrigins);
  return (request, response) => {
    const { origin } = request.headers;
    const isPreflight =
      request.method === "OPTIONS" &&
      origin !== undefined &&
      request.headers["access-control-request-method"] !== undefined;
    if (allowed.size > 0) response.setHeader("vary", "Origin"); // caches must not mix the origins' answers
    const isAllowed = origin !== undefined && allowed.has(origin);
    if (isAllowed) {
      response.setHeader("access-control-allow-origin", origin);
      response.setHeader("access-control-expose-headers", EXPOSED);
    }
    if (!isPreflight) return false;
    answer(
      response,
      204,
      isAllowed
        ? {
            "access-control-allow-methods": METHODS,
            "access-control-allow-headers": ALLOWED,
            "access-control-max-age": String(MAX_AGE_S),
          }
        : {},
    );
    return true;
  };
}
