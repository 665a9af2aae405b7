import type { Interceptor } from "@connectrpc/connect";
import { AppError } from "../../base/errors.ts";
import { callerKey, clientAddressKey } from "../context.ts";

/** A stream ends when somebody ends it; a caller that asks again at once is refused again at once. */
const RETRY_AFTER_MS = 1_000;

/**
 * Holds each caller to `max` open streams: each costs memory and a wake-up for every event, however idle its reader.
 * Streams that are open to everyone count for the client's address.
 */
export function streamLimit(max: number): Interceptor {
  const open = new Map<string, number>(); // one entry a caller with an open stream
  const change = (name: string, by: number) => {
    const streams = (open.get(name) ?? 0) + by;
    if (streams === 0) open.delete(name);
    else open.set(name, streams);
  };
  return (next) => async (req) => {
    if (!req.stream) return next(req);
    const name =
      req.contextValues.get(callerKey)?.bucket ?? `client:${req.contextValues.get(clientAddressKey)}`;
    if ((open.get(name) ?? 0) >= max) {
      throw new AppError(
        "quota_exceeded",
        `You have ${max} open streams and may have no more (MAX_STREAMS_PER_CALLER); end one first.`,
        { retryAfterMs: RETRY_AFTER_MS, metadata: { limit: String(max) } },
      );
    }
    change(name, 1);
    // The signal aborts at the end of every call; the messages may never be read to theirs.
    req.signal.addEventListener("abort", () => change(name, -1), { once: true });
    if (req.signal.aborted) change(name, -1); // too late for the listener
    return next(req);
  };
}
