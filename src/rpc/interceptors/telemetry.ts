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

/** Ids of jobs as this service makes them; what else a caller sends in their place is not for the log. */
const JOB_ID = /^[A-Za-z0-9-]{1,64}$/;

/**
 * One log line and one sample a request, written when it is over; for a stream that is its end. The line names the job
 * that it is about, if it is about one; nothing else of the content and nothing of the caller is recorded.
 */
export function telemetry({ clock, log, metrics }: TelemetryDeps): Interceptor {
  return (next) => async (req) => {
    const started = clock.monotonic();
    const method = methodName(req.method);
    const protocol = req.contextValues.get(protocolKey) || protocolOf(req.header.get("content-type"));
    let jobId: string | undefined;
    const note = (message: object) => {
      jobId ??= jobIdIn(message);
    };
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
        ...(jobId !== undefined && { job_id: jobId }),
      });
    };
    try {
      if (!req.stream) note(req.message);
      const res = await next(req.stream ? { ...req, message: noted(req.message, note) } : req);
      if (!res.stream) {
        note(res.message);
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
export function protocolOf(contentType: string | null): string {
  if (contentType?.startsWith("application/grpc-web")) return "grpc-web";
  if (contentType?.startsWith("application/grpc")) return "grpc";
  return "connect";
}

/** The job that a message is about: the contract calls it `job_id`, or gives the job itself as `job`. */
function jobIdIn(message: {
  readonly jobId?: unknown;
  readonly job?: { readonly jobId?: unknown };
}): string | undefined {
  const id = message.jobId ?? message.job?.jobId;
  return typeof id === "string" && JOB_ID.test(id) ? id : undefined;
}

/** The same messages, each shown to `note` on its way. */
async function* noted<T extends object>(messages: AsyncIterable<T>, note: (message: object) => void) {
  for await (const message of messages) {
    note(message);
    yield message;
  }
}
