import type { Clock } from "../base/clock.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Rng } from "../base/rng.ts";
import type { Role } from "../domain/spend.ts";
import { MODEL_FAILURES, type Model, ModelError } from "./model.ts";

/** First wait, before chance shortens it; each further one is twice as long. */
const BASE_WAIT_MS = 500;

/** Longest wait of our own; beyond it a provider is not likelier to be back. */
const MAX_WAIT_MS = 30_000;

/** A provider that wants more time than this is as good as gone: the call fails and says when it may work again. */
export const MAX_RETRY_AFTER_MS = 5 * 60_000;

/** What retries need. */
export interface RetryOptions {
  readonly role: Role;
  /** Further tries after the first. */
  readonly maxRetries: number;
  readonly clock: Clock;
  /** Spreads the waits; never decides a result. */
  readonly rng: Rng;
  readonly metrics: Metrics;
}

/**
 * A model that tries again where a failure may pass, after an exponentially growing wait with full jitter (Brooker,
 * "Exponential Backoff and Jitter", AWS 2015), and never before the time a `Retry-After` names. Tries that may be billed
 * are told with the outcome.
 */
export function retrying(model: Model, options: RetryOptions): Model {
  const { role, maxRetries, clock, rng, metrics } = options;
  return {
    ...model,
    async call(request, signal, mayTry) {
      let lostTries = 0;
      for (let attempt = 0; ; attempt++) {
        try {
          const answer = await model.call(request, signal, mayTry);
          return lostTries === 0 ? answer : { ...answer, lostTries };
        } catch (error) {
          if (!(error instanceof ModelError)) throw error;
          const wanted = error.retryAfterMs ?? 0;
          if (!error.retryable || attempt >= maxRetries || wanted > MAX_RETRY_AFTER_MS)
            throw lostTries === 0 ? error : error.after(lostTries);
          if (MODEL_FAILURES[error.failure].mayBeBilled) lostTries++;
          metrics.count("model_retries_total", { role, failure: error.failure });
          const jitter = rng.random() * Math.min(MAX_WAIT_MS, BASE_WAIT_MS * 2 ** attempt);
          await clock.sleep(wanted + jitter, signal);
        }
      }
    },
  };
}
