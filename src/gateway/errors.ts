/**
 * The one form of an error over REST: a single body that is both `{"error":{code,message,details}}` and problem
 * details (RFC 9457, section 3), with the status and headers its reason asks for.
 */
import { AppError, type FieldViolation, type Reason } from "../base/errors.ts";
import { errorHeader, withErrorHeader } from "../base/invoke.ts";
import { type Findings, MAX_VIOLATIONS } from "./json/read.ts";
import { type HttpRequest, type HttpResponse, sendBody } from "./http.ts";

/** Status and title of each reason. 499 is what proxies log for a client that went away; nobody reads that answer. */
export const PROBLEMS: Readonly<Record<Reason, { readonly status: number; readonly title: string }>> = {
  unauthorized: { status: 401, title: "No valid token" },
  forbidden: { status: 403, title: "Not allowed" },
  not_found: { status: 404, title: "Not found" },
  not_cancelable: { status: 409, title: "The job has ended already" },
  invalid_state: { status: 409, title: "The job's state does not allow this" },
  idempotency_in_flight: { status: 409, title: "The first request with this key is still being answered" },
  idempotency_mismatch: { status: 422, title: "The key was used with another request" },
  validation_error: { status: 422, title: "A field is wrong" },
  invalid_cursor: { status: 400, title: "The cursor is wrong" },
  bad_request: { status: 400, title: "The request is malformed" },
  payload_too_large: { status: 413, title: "The body is too large" },
  rate_limited: { status: 429, title: "Too many requests" },
  quota_exceeded: { status: 429, title: "A quota is used up" },
  unsupported_media_type: { status: 415, title: "The media type is not served" },
  method_not_allowed: { status: 405, title: "The path has other methods" },
  precondition_failed: { status: 412, title: "The resource has changed" },
  model_not_configured: { status: 422, title: "No provider serves the model" },
  storage_full: { status: 503, title: "The store has no room" },
  storage_unavailable: { status: 503, title: "The store can not be reached" },
  draining: { status: 503, title: "The server is shutting down" },
  not_implemented: { status: 501, title: "Not served by this version" },
  deadline_exceeded: { status: 504, title: "The deadline passed" },
  canceled: { status: 499, title: "The caller went away" },
  internal_error: { status: 500, title: "Internal error" },
};

/** The form of every error body. */
export interface ErrorBody {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly instance: string;
  readonly error: {
    readonly code: Reason;
    readonly message: string;
    readonly details: {
      readonly request_id: string;
      readonly violations?: readonly FieldViolation[];
      readonly metadata?: Readonly<Record<string, string>>;
      readonly retry_after_s?: number;
    };
  };
}

/** The body of an error. `instance` is the path of the request. */
export function errorBody(error: AppError, instance: string, requestId: string): ErrorBody {
  const { status, title } = PROBLEMS[error.reason];
  return {
    type: `/docs#error-${error.reason}`,
    title,
    status,
    detail: error.message,
    instance,
    error: {
      code: error.reason,
      message: error.message,
      details: {
        request_id: requestId,
        ...(error.violations.length > 0 && { violations: error.violations.slice(0, MAX_VIOLATIONS) }),
        ...(Object.keys(error.metadata).length > 0 && { metadata: error.metadata }),
        ...(error.retryAfterMs !== undefined && { retry_after_s: retryAfterSeconds(error.retryAfterMs) }),
      },
    },
  };
}

/** Answers a request with an error. */
export function sendError(
  request: HttpRequest,
  response: HttpResponse,
  error: AppError,
  requestId: string,
): void {
  const instance = (request.url ?? "/").split("?", 1)[0] ?? "/";
  const body = errorBody(error, instance, requestId);
  const wantsProblem = /\bapplication\/problem\+json\b/i.test(request.headers.accept ?? "");
  const header = errorHeader(error);
  const extra = {
    "x-request-id": requestId,
    "content-type": wantsProblem ? "application/problem+json" : "application/json",
    ...(error.reason === "unauthorized" && { "www-authenticate": "Bearer" }),
    ...(error.retryAfterMs !== undefined && { "retry-after": String(retryAfterSeconds(error.retryAfterMs)) }),
    ...(error.reason === "method_not_allowed" && { allow: error.metadata.allow ?? "" }),
    ...(error.reason === "unsupported_media_type" && { accept: "application/json" }),
    // What is left of the body has not been read, so this connection can not carry another request.
    ...(error.reason === "payload_too_large" && request.httpVersionMajor === 1 && { connection: "close" }),
  };
  if (error.reason === "payload_too_large" && "stream" in response) {
    const { stream } = response;
    stream.once("finish", () => stream.close()); // as "connection: close", for one stream
  }
  sendBody(request, response, body.status, header, extra, `${JSON.stringify(body)}\n`);
}

/**
 * The same error with the names the caller used: the contract's path of a body field begins with the request field
 * that the body fills, and an alias or a header may stand for a field.
 */
export function inCallersWords(
  error: AppError,
  bodyField: string | undefined,
  names: Findings["aliases"],
): AppError {
  if (error.violations.length === 0) return error;
  const violations = error.violations.map((violation) => ({
    ...violation,
    field: callersName(violation.field, bodyField, names),
  }));
  const first = error.violations[0]?.field ?? "";
  const isPrefixed = first !== "" && error.message.startsWith(`${first}:`);
  const message = isPrefixed
    ? `${violations[0]?.field || "The body"}${error.message.slice(first.length)}`
    : error.message;
  const { reason, retryAfterMs, metadata, cause } = error;
  const renamed = new AppError(reason, message, {
    violations,
    metadata,
    cause,
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  });
  return withErrorHeader(renamed, errorHeader(error));
}

function callersName(field: string, bodyField: string | undefined, names: Findings["aliases"]): string {
  let path = field;
  if (bodyField !== undefined && field === bodyField) path = "";
  else if (bodyField !== undefined && field.startsWith(`${bodyField}.`))
    path = field.slice(bodyField.length + 1);
  return names.get(path) ?? path;
}

function retryAfterSeconds(ms: number): number {
  return Math.max(1, Math.ceil(ms / 1000)); // a 0 would invite the caller to come back at once
}
