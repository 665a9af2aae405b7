import { ConnectError, type Interceptor } from "@connectrpc/connect";
import { codeToString } from "@connectrpc/connect/protocol-connect";
import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import { methodName } from "../access.ts";
import { protocolKey, requestIdKey } from "../context.ts";
import { watchEnd } from "./messages.ts";

/** What {@link telemetry} writes to. */
export interface TelemetryDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/**
 * One log line and one sample a request, written when it is over; for a stream that is its end. Nothing about the
 * caller or the content is recorded.
 */
export function telemetry({ clock, log, metrics }: TelemetryDeps): Interceptor {
  return (next) => async (req) => {
    const started = clock.monotonic();
    const method = methodName(req.method);
    const protocol = req.contextValues.get(protocolKey) || protocolOf(req.header.get("content-type"));
    const finish = (error: unknown) => {
      const code = error === undefined ? "ok" : codeToString(ConnectError.from(error).code);
      const seconds = (clock.monotonic() - started) / 1000;
      metrics.count("requests_total", { method, code, protocol });
      metrics.observe("request_duration_seconds", seconds, { method, protocol });
      log.info("request", {
        method,
        protocol,
        code,
        ...(error instanceof Error && error.cause instanceof AppError && { reason: error.cause.reason }),
        duration_ms: Math.round(seconds * 1_000_000) / 1000,
        request_id: req.contextValues.get(requestIdKey),
      });
    };
    try {
      const res = await next(req);
      if (!res.stream) {
        finish(undefined);
        return res;
      }
      return { ...res, message: watchEnd(res.message, { onEnd: finish }) };
    } catch (error) {
      finish(error);
      throw error;
    }
  };
}

/** Name of the protocol by content type; a Connect GET has none. */
function protocolOf(contentType: string | null): string {
  if (contentType?.startsWith("application/grpc-web")) return "grpc-web";
  if (contentType?.startsWith("application/grpc")) return "grpc";
  return "connect";
}
