import type { Interceptor } from "@connectrpc/connect";
import { isOpen } from "../access.ts";
import { drainingError, type Serving } from "../serving.ts";

/** Refuses new calls once the server shuts down; probes are still answered, so that they can see it. */
export function draining(serving: Serving): Interceptor {
  return (next) => async (req) => {
    if (!serving.accepting && !isOpen(req.method)) throw drainingError();
    return next(req);
  };
}
