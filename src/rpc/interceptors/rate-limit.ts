import type { Interceptor } from "@connectrpc/connect";
import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import type { Metrics } from "../../base/metrics.ts";
import { isOpen, isWrite } from "../access.ts";
import { answerHeader, callerOf } from "../context.ts";

/** How many writes a caller may make. */
export interface RateLimit {
  /** Writes a minute in the long run; 0 switches the limit off. */
  readonly perMinute: number;
  /** Writes at once after a pause. */
  readonly burst: number;
}

/** What {@link rateLimit} needs. */
export interface RateLimitDeps {
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Buckets kept at once; beyond it the one that was used longest ago is forgotten, that is, starts full again. */
export const MAX_BUCKETS = 10_000;

/** Name of the policy in the RateLimit fields. */
const POLICY = "write";

interface Bucket {
  tokens: number;
  at: number;
}

/**
 * A token bucket a caller for methods that change something. It stands behind authentication, so that nobody can use
 * up another one's share with wrong tokens. Answers carry `RateLimit` and `RateLimit-Policy`
 * (draft-ietf-httpapi-ratelimit-headers): `t` and `Retry-After` are the seconds until there is one more.
 */
export function rateLimit({ perMinute, burst }: RateLimit, { clock, metrics }: RateLimitDeps): Interceptor {
  const perMs = perMinute / 60_000;
  const policy = `"${POLICY}";q=${burst};w=${Math.max(1, Math.ceil(burst / (perMs * 1000)))}`;
  const buckets = new Map<string, Bucket>();

  /** Takes one token; milliseconds to wait where there is none. */
  const take = (name: string) => {
    const now = clock.monotonic();
    const known = buckets.get(name);
    const tokens = known === undefined ? burst : Math.min(burst, known.tokens + (now - known.at) * perMs);
    const allowed = tokens >= 1;
    const left = allowed ? tokens - 1 : tokens;
    buckets.delete(name); // so that the order of the map is the order of use
    buckets.set(name, { tokens: left, at: now });
    if (buckets.size > MAX_BUCKETS) buckets.delete(buckets.keys().next().value ?? name);
    return { allowed, left: Math.floor(left), nextMs: (1 - (left - Math.floor(left))) / perMs };
  };

  return (next) => async (req) => {
    if (perMinute <= 0 || !isWrite(req.method) || isOpen(req.method)) return next(req);
    const { allowed, left, nextMs } = take(callerOf({ values: req.contextValues }).bucket);
    const header = answerHeader(req.contextValues);
    header.set("ratelimit-policy", policy);
    header.set("ratelimit", `"${POLICY}";r=${left};t=${Math.ceil(nextMs / 1000)}`);
    if (allowed) return next(req);
    metrics.count("rate_limited_total");
    throw new AppError("rate_limited", `Too many requests; more than ${perMinute} a minute are not taken.`, {
      retryAfterMs: Math.ceil(nextMs),
    });
  };
}
