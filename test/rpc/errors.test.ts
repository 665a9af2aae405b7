import { Code, ConnectError } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { ErrorReason } from "../../gen/ts/gepa/v1/errors_pb.ts";
import {
  BadRequestSchema,
  ErrorInfoSchema,
  RetryInfoSchema,
} from "../../gen/ts/google/rpc/error_details_pb.ts";
import { AppError, REASONS, type Reason } from "../../src/base/errors.ts";
import { appErrorOf, connectErrorOf, violationError } from "../../src/rpc/errors.ts";
import { createServing } from "../../src/rpc/serving.ts";

/** The table of the contract (gepa/v1/errors.proto). */
const CODES: Readonly<Record<Reason, Code>> = {
  unauthorized: Code.Unauthenticated,
  forbidden: Code.PermissionDenied,
  not_found: Code.NotFound,
  not_cancelable: Code.FailedPrecondition,
  invalid_state: Code.FailedPrecondition,
  idempotency_in_flight: Code.Aborted,
  idempotency_mismatch: Code.InvalidArgument,
  validation_error: Code.InvalidArgument,
  invalid_cursor: Code.InvalidArgument,
  bad_request: Code.InvalidArgument,
  payload_too_large: Code.ResourceExhausted,
  rate_limited: Code.ResourceExhausted,
  quota_exceeded: Code.ResourceExhausted,
  unsupported_media_type: Code.InvalidArgument,
  method_not_allowed: Code.Unimplemented,
  precondition_failed: Code.Aborted,
  model_not_configured: Code.FailedPrecondition,
  storage_full: Code.Unavailable,
  storage_unavailable: Code.Unavailable,
  draining: Code.Unavailable,
  not_implemented: Code.Unimplemented,
  deadline_exceeded: Code.DeadlineExceeded,
  canceled: Code.Canceled,
  internal_error: Code.Internal,
};

describe("connectErrorOf", () => {
  for (const [reason, code] of Object.entries(CODES) as [Reason, Code][]) {
    it(`answers ${reason} with ${Code[code]} and the reason of the contract`, () => {
      const error = connectErrorOf(new AppError(reason, "A sentence.", { metadata: { a: "b" } }));
      expect([error.code, error.rawMessage]).toEqual([code, "A sentence."]);
      expect(error.findDetails(ErrorInfoSchema)).toMatchObject([
        { reason: reason.toUpperCase(), domain: "gepa-next", metadata: { a: "b" } },
      ]);
      expect(ErrorReason).toHaveProperty(reason.toUpperCase());
    });
  }

  it("knows every reason of the contract", () => {
    const names = Object.keys(ErrorReason).filter(
      (name) => Number.isNaN(Number(name)) && name !== "UNSPECIFIED",
    );
    expect(names.map((name) => name.toLowerCase()).sort()).toEqual(Object.keys(REASONS).sort());
  });

  it("tells wrong fields, so many and so long that they fit a trailer", () => {
    const violations = Array.from({ length: 50 }, (_, i) => ({
      field: `f${i}`,
      description: "x".repeat(1_000),
    }));
    const [details] = connectErrorOf(violationError(violations)).findDetails(BadRequestSchema);
    expect(details?.fieldViolations).toHaveLength(16);
    expect(details?.fieldViolations[0]).toMatchObject({ field: "f0", description: `${"x".repeat(199)}…` });
  });

  it("fits a trailer, however much of the request it repeats", () => {
    const error = connectErrorOf(
      new AppError("not_found", "x".repeat(1_000_000), { metadata: { job_id: "y".repeat(1_000_000) } }),
    );
    expect(error.rawMessage).toBe(`${"x".repeat(999)}…`);
    expect(error.findDetails(ErrorInfoSchema)[0]?.metadata).toEqual({ job_id: `${"y".repeat(199)}…` });
  });

  it("tells when to come back, to the millisecond", () => {
    const error = connectErrorOf(new AppError("rate_limited", "Slow down.", { retryAfterMs: 1_234.5 }));
    expect(error.findDetails(RetryInfoSchema)).toMatchObject([
      { retryDelay: { seconds: 1n, nanos: 235_000_000 } },
    ]);
  });

  it("has no more details than there is to tell", () => {
    expect(connectErrorOf(new AppError("not_found", "No.")).details).toHaveLength(1);
  });
});

describe("appErrorOf", () => {
  const aborted = (reason: unknown) => {
    const controller = new AbortController();
    controller.abort(reason);
    return controller.signal;
  };
  const own = new AppError("storage_full", "Full.");
  const foreign = new ConnectError("metadata must not travel", Code.PermissionDenied, {
    "set-cookie": "a=b",
  });
  const serving = createServing();
  serving.stop();

  const cases: readonly (readonly [
    what: string,
    error: unknown,
    signal: AbortSignal | undefined,
    reason: Reason,
  ])[] = [
    ["one of ours", own, undefined, "storage_full"],
    ["one of ours on its way out", connectErrorOf(own), undefined, "storage_full"],
    ["one of ours after the caller left", own, aborted(undefined), "storage_full"],
    ["a plain error", new Error("x"), undefined, "internal_error"],
    ["no error at all", undefined, undefined, "internal_error"],
    ["a foreign error with a code that says nothing here", foreign, undefined, "internal_error"],
    ["malformed input", new ConnectError("x", Code.InvalidArgument), undefined, "bad_request"],
    ["a protocol fault", new ConnectError("x", Code.Unimplemented), undefined, "bad_request"],
    [
      "a message beyond the limit",
      new ConnectError("x", Code.ResourceExhausted),
      undefined,
      "payload_too_large",
    ],
    ["a deadline", new ConnectError("x", Code.DeadlineExceeded), undefined, "deadline_exceeded"],
    ["a wait that was given up", new DOMException("x", "AbortError"), undefined, "canceled"],
    ["anything after the caller left", new Error("EPIPE"), aborted(undefined), "canceled"],
    [
      "anything after a reset with a strange code",
      new Error("x"),
      aborted(new ConnectError("INTERNAL_ERROR (0x2)", Code.Internal)),
      "canceled",
    ],
    [
      "anything after the deadline",
      new Error("x"),
      aborted(new ConnectError("the operation timed out", Code.DeadlineExceeded)),
      "deadline_exceeded",
    ],
    ["anything after the shutdown", new Error("x"), serving.shutdown, "draining"],
    ["the shutdown itself", serving.shutdown.reason, serving.shutdown, "draining"],
  ];
  for (const [what, error, signal, reason] of cases) {
    it(`takes ${what} for ${reason}`, () => {
      expect(appErrorOf(error, signal).reason).toBe(reason);
    });
  }

  it("keeps a cause for the log and copies no foreign metadata", () => {
    const error = appErrorOf(foreign);
    expect(error.cause).toBe(foreign);
    expect([...connectErrorOf(error).metadata]).toEqual([]);
    expect(error.message).not.toContain("metadata must not travel");
  });
});

describe("violationError", () => {
  it("names the first field in its message and says how many there are", () => {
    const violations = ["a", "b", "c"].map((field) => ({ field, description: "is wrong" }));
    expect(violationError(violations).message).toBe("a: is wrong (and 2 more).");
    expect(violationError(violations.slice(0, 1)).message).toBe("a: is wrong.");
  });
});
