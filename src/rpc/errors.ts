import { Code, ConnectError } from "@connectrpc/connect";
import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { isAbort } from "../base/abort.ts";
import { AppError, type FieldViolation, REASONS, type Reason, type RpcCode } from "../base/errors.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../gen/ts/google/rpc/error_details_pb.ts";

/** Domain of every google.rpc.ErrorInfo of this service. */
export const ERROR_DOMAIN = "gepa-next";

/** Error details travel in a trailer, and many peers refuse more than 8 KiB of those: so many violations are told … */
const MAX_VIOLATIONS = 16;

/** … each cut to this length in every part, and so is each value of the metadata; … */
const MAX_DETAIL_CHARS = 200;

/** … and the message to this. Either can repeat what the caller sent, however long that was. */
const MAX_MESSAGE_CHARS = 1_000;

const CODES = {
  canceled: Code.Canceled,
  invalid_argument: Code.InvalidArgument,
  deadline_exceeded: Code.DeadlineExceeded,
  not_found: Code.NotFound,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  failed_precondition: Code.FailedPrecondition,
  aborted: Code.Aborted,
  unimplemented: Code.Unimplemented,
  internal: Code.Internal,
  unavailable: Code.Unavailable,
  unauthenticated: Code.Unauthenticated,
} as const satisfies Record<RpcCode, Code>;

/** What the protocol library's own errors mean; any other code of it is our fault. */
const REASON_OF_CODE: Partial<Record<Code, Reason>> = {
  [Code.Canceled]: "canceled",
  [Code.Aborted]: "canceled",
  [Code.InvalidArgument]: "bad_request",
  [Code.Unimplemented]: "bad_request",
  [Code.ResourceExhausted]: "payload_too_large",
  [Code.DeadlineExceeded]: "deadline_exceeded",
};

const cut = (text: string, max = MAX_DETAIL_CHARS) =>
  text.length <= max ? text : `${text.slice(0, max - 1)}…`;

/**
 * The error as RPC clients see it: code by reason, google.rpc.ErrorInfo always, BadRequest for wrong fields, RetryInfo
 * where a retry can help. `header` goes out with it, as headers or trailers. The cause stays here: its text is not sent.
 */
export function connectErrorOf(error: AppError, header?: Headers): ConnectError {
  const entries = Object.entries(error.metadata).map(([name, value]) => [name, cut(value)]);
  const details: NonNullable<ConstructorParameters<typeof ConnectError>[3]> = [
    {
      desc: ErrorInfoSchema,
      value: {
        reason: error.reason.toUpperCase(),
        domain: ERROR_DOMAIN,
        metadata: Object.fromEntries(entries),
      },
    },
  ];
  if (error.violations.length > 0) {
    const fieldViolations = error.violations.slice(0, MAX_VIOLATIONS).map(({ field, description }) => ({
      field: cut(field),
      description: cut(description),
    }));
    details.push({ desc: BadRequestSchema, value: { fieldViolations } });
  }
  if (error.retryAfterMs !== undefined) {
    const retryDelay = durationFromMs(Math.max(0, Math.ceil(error.retryAfterMs)));
    details.push({ desc: RetryInfoSchema, value: { retryDelay } });
  }
  return new ConnectError(
    cut(error.message, MAX_MESSAGE_CHARS),
    CODES[REASONS[error.reason].code],
    header,
    details,
    error,
  );
}

/**
 * What went wrong, as one of the catalogue. Once `signal` has aborted, whatever fails is a consequence of that, and the
 * signal says why: our own shutdown and the caller's deadline are told apart, everything else is a caller that left.
 * Metadata of foreign errors are dropped.
 */
export function appErrorOf(error: unknown, signal?: AbortSignal): AppError {
  if (error instanceof AppError) return error;
  if (signal?.aborted && error !== signal.reason) return appErrorOf(signal.reason, signal);
  if (error instanceof ConnectError) {
    if (error.cause instanceof AppError) return error.cause;
    if (error.code === Code.DeadlineExceeded) return deadlineExceeded();
    if (signal?.aborted) return callerLeft(error);
    const reason = REASON_OF_CODE[error.code];
    if (reason !== undefined) return new AppError(reason, error.rawMessage, { cause: error });
  }
  if (signal?.aborted || isAbort(error)) return callerLeft(error);
  return new AppError("internal_error", "Something went wrong on the server.", { cause: error });
}

/** The caller's deadline, or the server's own, passed. */
export function deadlineExceeded(): AppError {
  return new AppError("deadline_exceeded", "The time allowed for this request is over.");
}

function callerLeft(cause: unknown): AppError {
  return new AppError("canceled", "The caller went away before the answer was ready.", { cause });
}

/** One `validation_error` for all wrong fields; the message names the first. */
export function violationError(violations: readonly FieldViolation[]): AppError {
  const [first] = violations;
  const head = first === undefined ? "The request is invalid" : `${first.field}: ${first.description}`;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  return new AppError("validation_error", `${head}${more}.`, { violations });
}
