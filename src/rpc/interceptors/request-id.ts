import type { Interceptor } from "@connectrpc/connect";
import { type Ids, isRequestId } from "../../base/ids.ts";
import { answerHeader, requestIdKey } from "../context.ts";

/** Header that names a request, both ways. */
export const REQUEST_ID_HEADER = "x-request-id";

/** Gives every request an id: the caller's own if it can be taken over, else a new one. The answer carries it. */
export function requestId(ids: Pick<Ids, "request">): Interceptor {
  return (next) => (req) => {
    const sent = req.header.get(REQUEST_ID_HEADER) ?? "";
    const id = isRequestId(sent) ? sent : ids.request();
    req.contextValues.set(requestIdKey, id);
    answerHeader(req.contextValues).set(REQUEST_ID_HEADER, id);
    return next(req);
  };
}
