import { AppError, invalidField } from "../base/errors.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Store } from "../storage/store.ts";

/** A create takes milliseconds; after this long its answer is there to be repeated. */
const RETRY_AFTER_MS = 1000;
/** How often keys past their time are removed; reads ignore them at once, so this only frees space. */
const SWEEP_EVERY_MS = 60_000;
/** 1 to 255 visible ASCII characters, as `CreateJobRequest.request_id` promises. */
const KEY_FORM = /^[\x21-\x7e]{1,255}$/;

/** Names a caller's key for one kind of request. */
export interface IdempotencyKey {
  /** Scope of the key: two callers' keys never meet. */
  readonly bucket: string;
  readonly route: string;
  readonly key: string;
}

/** Runs `work` unless the same key is being answered in this process already: `idempotency_in_flight`. */
export type InFlightGate = <T>(key: IdempotencyKey, work: () => Promise<T>) => Promise<T>;

/** A gate with nobody inside. It holds one entry for each request under way. */
export function createInFlightGate(): InFlightGate {
  const inside = new Set<string>();
  return async ({ bucket, route, key }, work) => {
    const entry = JSON.stringify([bucket, route, key]);
    if (inside.has(entry)) {
      throw new AppError(
        "idempotency_in_flight",
        "A request with this idempotency key is being answered right now; repeat it in a moment for the same answer.",
        { retryAfterMs: RETRY_AFTER_MS },
      );
    }
    inside.add(entry);
    try {
      return await work();
    } finally {
      inside.delete(entry);
    }
  };
}

/** Refuses a key that is not of the promised form: `validation_error`. */
export function checkKeyForm(key: string): void {
  if (!KEY_FORM.test(key)) throw invalidField("request_id", "must be 1 to 255 visible ASCII characters");
}

/** Removes keys past their time now and then, until the returned function is called. */
export function sweepIdempotency(
  deps: { readonly store: Pick<Store, "expireIdempotency">; readonly clock: Clock; readonly log: Logger },
  ttlMs: number,
): () => void {
  return deps.clock.every(SWEEP_EVERY_MS, () => {
    deps.store
      .expireIdempotency(deps.clock.now() - ttlMs)
      .catch((error: unknown) => deps.log.warn("idempotency_sweep_failed", {}, error)); // the next sweep tries again
  });
}
