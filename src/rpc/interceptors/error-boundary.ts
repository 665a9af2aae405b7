import type { Interceptor } from "@connectrpc/connect";
import { AppError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";
import { methodName } from "../access.ts";
import { answerHeader, requestIdKey } from "../context.ts";
import { appErrorOf, connectErrorOf } from "../errors.ts";
import { watchEnd } from "./messages.ts";

/**
 * The one place where what was thrown becomes what the caller sees, and where the headers gathered by the other
 * interceptors are put on the answer. What is our fault is logged with its cause and told with the request id only.
 */
export function errorBoundary(log: Logger): Interceptor {
  return (next) => async (req) => {
    const header = answerHeader(req.contextValues);
    const translate = (thrown: unknown) => {
      let error = appErrorOf(thrown, req.signal);
      if (error.reason === "internal_error") {
        const requestId = req.contextValues.get(requestIdKey);
        log.error("request_fault", { request_id: requestId, method: methodName(req.method) }, thrown);
        error = new AppError(
          "internal_error",
          `Something went wrong on the server; request id ${requestId} finds it in the log.`,
          { metadata: { request_id: requestId }, cause: thrown },
        );
      }
      if (error.retryAfterMs !== undefined) {
        header.set("retry-after", String(Math.ceil(error.retryAfterMs / 1000)));
      }
      return connectErrorOf(error, header);
    };
    try {
      const res = await next(req);
      for (const [name, value] of header) res.header.set(name, value);
      if (!res.stream) return res;
      return { ...res, message: watchEnd(res.message, { onError: translate }) };
    } catch (error) {
      throw translate(error);
    }
  };
}
