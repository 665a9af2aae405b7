import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "../../base/clock.ts";
import { deadlineExceeded } from "../errors.ts";
import type { Serving } from "../serving.ts";

/** No unary method waits for models, so an answer that takes longer than this is not coming: a stuck disk, say. */
export const UNARY_LIMIT_MS = 60_000;

/** One reason for all: a new one a request would cost a stack trace each. */
const OVER = new Error("the request is over");

/**
 * Answers a unary call at its caller's deadline or at the server's own limit, even if the work behind it hangs. A
 * shutdown does not cut it short: what is under way has the time of the grace to end.
 */
export function deadline(clock: Clock, serving: Serving): Interceptor {
  return (next) => async (req) => {
    if (req.stream) return next(req);
    const over = new AbortController();
    const limit = clock.sleep(UNARY_LIMIT_MS, over.signal).then(() => {
      throw deadlineExceeded();
    });
    const aborted = new Promise<never>((_, reject) => {
      const onAbort = () => {
        if (req.signal.reason !== serving.shutdown.reason) reject(req.signal.reason);
      };
      if (req.signal.aborted) onAbort();
      req.signal.addEventListener("abort", onAbort, { once: true, signal: over.signal });
    });
    try {
      // By way of then(): were next() to throw at once, nobody would be there for the failures of the other two.
      return await Promise.race([Promise.resolve(req).then(next), limit, aborted]);
    } finally {
      over.abort(OVER);
    }
  };
}
