import type { Interceptor } from "@connectrpc/connect";
import type { Ids } from "../../base/ids.ts";
import { answerHeader, requestIdKey } from "../context.ts";

/** Header that names a request, both ways. */
export const REQUEST_ID_HEADER = "x-request-id";

/** Ids of callers are taken over where they can do no harm in a log line or a header. */
const HARMLESS = /^[A-Za-z0-9._-]{1,128}$/;

/** Gives every request an id: the caller's own if it is short and harmless, else a new one. The answer carries it. */
export function requestId(ids: Pick<Ids, "request">): Interceptor {
  return (next) => (req) => {
    const sent = req.header.get(REQUEST_ID_HEADER) ?? "";
    const id = HARMLESS.test(sent) ? sent : ids.request();
    req.contextValues.set(requestIdKey, id);
    answerHeader(req.contextValues).set(REQUEST_ID_HEADER, id);
    return next(req);
  };
}
