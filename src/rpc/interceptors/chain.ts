import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Logger } from "../../base/log.ts";
import type { Metrics } from "../../base/metrics.ts";
import type { Serving } from "../serving.ts";
import { type Admit, auth } from "./auth.ts";
import { deadline } from "./deadline.ts";
import { draining } from "./draining.ts";
import { errorBoundary } from "./error-boundary.ts";
import { rateLimit, type RateLimit } from "./rate-limit.ts";
import { requestId } from "./request-id.ts";
import { streamLimit } from "./stream-limit.ts";
import { telemetry } from "./telemetry.ts";
import { validation } from "./validation.ts";

/** What the interceptors need. */
export interface ChainDeps {
  readonly admit: Admit;
  readonly rateLimit: RateLimit;
  /** Streams that one caller may have open at once. */
  readonly maxStreamsPerCaller: number;
  readonly clock: Clock;
  readonly ids: Pick<Ids, "request">;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly serving: Serving;
}

/**
 * The interceptors, outermost first. Made once: the limiters have state that all protocols share.
 *
 * 1. request id, so that everything inside can name the request;
 * 2. telemetry, which sees what the caller sees;
 * 3. error boundary: inside of it AppErrors, outside ConnectErrors;
 * 4. draining, before any work is done;
 * 5. auth, 6. deadline, 7. rate limit and 8. stream limit: nobody pays with another caller's share;
 * 9. validation, last, since it is the most work.
 */
export function interceptorChain(deps: ChainDeps): Interceptor[] {
  return [
    requestId(deps.ids),
    telemetry(deps),
    errorBoundary(deps.log),
    draining(deps.serving),
    auth(deps.admit),
    deadline(deps.clock, deps.serving),
    rateLimit(deps.rateLimit, deps),
    streamLimit(deps.maxStreamsPerCaller),
    validation(),
  ];
}
