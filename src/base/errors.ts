/**
 * The one error class that may cross a room, and the closed catalogue of its reasons. `message` is for the caller,
 * `cause` for the log. The catalogue mirrors `gepa.v1.ErrorReason`; a test holds the two together.
 */

/** Canonical RPC codes this service answers with (google.rpc.Code, lower case). */
export type RpcCode =
  | "canceled"
  | "invalid_argument"
  | "deadline_exceeded"
  | "not_found"
  | "permission_denied"
  | "resource_exhausted"
  | "failed_precondition"
  | "aborted"
  | "unimplemented"
  | "internal"
  | "unavailable"
  | "unauthenticated";

/** Why a request was refused, and whether the same request can succeed later. */
export const REASONS = {
  unauthorized: { code: "unauthenticated", retryable: false },
  forbidden: { code: "permission_denied", retryable: false },
  not_found: { code: "not_found", retryable: false },
  not_cancelable: { code: "failed_precondition", retryable: false },
  invalid_state: { code: "failed_precondition", retryable: false },
  idempotency_in_flight: { code: "aborted", retryable: true },
  idempotency_mismatch: { code: "invalid_argument", retryable: false },
  validation_error: { code: "invalid_argument", retryable: false },
  invalid_cursor: { code: "invalid_argument", retryable: false },
  bad_request: { code: "invalid_argument", retryable: false },
  payload_too_large: { code: "resource_exhausted", retryable: false },
  rate_limited: { code: "resource_exhausted", retryable: true },
  quota_exceeded: { code: "resource_exhausted", retryable: true },
  unsupported_media_type: { code: "invalid_argument", retryable: false },
  method_not_allowed: { code: "unimplemented", retryable: false },
  precondition_failed: { code: "aborted", retryable: false },
  model_not_configured: { code: "failed_precondition", retryable: false },
  storage_full: { code: "unavailable", retryable: true },
  storage_unavailable: { code: "unavailable", retryable: true },
  draining: { code: "unavailable", retryable: true },
  not_implemented: { code: "unimplemented", retryable: false },
  deadline_exceeded: { code: "deadline_exceeded", retryable: true },
  canceled: { code: "canceled", retryable: false },
  internal_error: { code: "internal", retryable: true },
} as const satisfies Record<string, { code: RpcCode; retryable: boolean }>;

/** A request error's reason, as it stands in `error.code` over REST. */
export type Reason = keyof typeof REASONS;

/** One wrong field: its path as the caller wrote it, and what to do about it. */
export interface FieldViolation {
  readonly field: string;
  readonly description: string;
}

/** What an {@link AppError} carries beside its reason. */
export interface AppErrorOptions {
  /** Fields at fault, for `validation_error`. */
  readonly violations?: readonly FieldViolation[];
  /** Milliseconds after which the same request may succeed. */
  readonly retryAfterMs?: number;
  /** Names and values for programs; never a secret. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What lies behind it, for the log only. */
  readonly cause?: unknown;
}

/** A request error: thrown anywhere, translated once at each edge. */
export class AppError extends Error {
  override readonly name = "AppError";
  readonly reason: Reason;
  readonly violations: readonly FieldViolation[];
  readonly retryAfterMs: number | undefined;
  readonly metadata: Readonly<Record<string, string>>;

  constructor(reason: Reason, message: string, options: AppErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.reason = reason;
    this.violations = options.violations ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.metadata = options.metadata ?? {};
  }
}

/** A `validation_error` about one field. */
export function invalidField(field: string, description: string): AppError {
  return new AppError("validation_error", `${field}: ${description}`, {
    violations: [{ field, description }],
  });
}
