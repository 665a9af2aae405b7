import type { Interceptor } from "@connectrpc/connect";
import { abortable } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { deadlineExceeded } from "../errors.ts";

/** No unary method waits for models, so an answer that takes longer than this is not coming: a stuck disk, say. */
export const UNARY_LIMIT_MS = 60_000;

/** One reason for all: a new one a request would cost a stack trace each. */
const OVER = new Error("the request is over");

/** Answers a unary call at its caller's deadline or at the server's own limit, even if the work behind it hangs. */
export function deadline(clock: Clock): Interceptor {
  return (next) => async (req) => {
    if (req.stream) return next(req);
    const over = new AbortController();
    const limit = clock.sleep(UNARY_LIMIT_MS, over.signal).then(() => {
      throw deadlineExceeded();
    });
    try {
      return await Promise.race([abortable(next(req), req.signal), limit]);
    } finally {
      over.abort(OVER);
    }
  };
}
