import { AppError } from "../base/errors.ts";

/** Longest time a timer can wait; a caller who is willing to wait longer waits for the server's own limit. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds in the units of gRPC's wire format ("TimeoutUnit" in PROTOCOL-HTTP2.md). */
const UNITS: Readonly<Record<string, number>> = { H: 3.6e6, M: 6e4, S: 1e3, m: 1, u: 1e-3, n: 1e-6 };

/**
 * How long the caller is willing to wait, in milliseconds: `X-Request-Timeout` in seconds ("2.5"), else `grpc-timeout`
 * ("2500m"). Undefined where neither is given; throws `bad_request` where one can not be read.
 */
export function requestTimeoutMs(headers: Headers): number | undefined {
  const seconds = headers.get("x-request-timeout");
  if (seconds !== null) {
    const ms = /^[0-9]{1,9}(\.[0-9]{1,9})?$/.test(seconds) ? Number(seconds) * 1000 : 0;
    return positive(ms, "X-Request-Timeout", "give seconds above 0, such as 2.5");
  }
  const grpc = headers.get("grpc-timeout");
  if (grpc === null) return undefined;
  const [, digits, unit] = /^([0-9]{1,8})([HMSmun])$/.exec(grpc) ?? [];
  return positive(
    Number(digits ?? 0) * (UNITS[unit ?? ""] ?? 0),
    "grpc-timeout",
    "give a time such as 2500m",
  );
}

function positive(ms: number, header: string, remedy: string): number {
  if (ms <= 0) throw new AppError("bad_request", `The header ${header} can not be read; ${remedy}.`);
  return Math.min(Math.ceil(ms), MAX_TIMER_MS);
}
