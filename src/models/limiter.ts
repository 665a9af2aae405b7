import { throwIfAborted } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { ModelError } from "./model.ts";

/**
 * Calls waiting for one provider. Engines ask for a bounded number each, so a queue this long means that somebody
 * does not; refusing is better than holding their prompts in memory.
 */
export const MAX_WAITING_CALLS = 10_000;

/** A provider's word halves the calls in flight; this many good answers per call in flight add one again. */
const DECREASE = 0.5;
const INCREASE = 1;

/** One call's longest pause for everybody: a single odd header must not stop a provider for hours. */
export const MAX_PAUSE_MS = 60_000;

/** What a limiter holds to. */
export interface LimiterOptions {
  readonly clock: Clock;
  /** Most calls in flight. */
  readonly concurrency: number;
  /** Default {@link MAX_WAITING_CALLS}. */
  readonly maxWaiting?: number;
}

/** Lets a provider's calls through, first come first served, as many at once as it can bear. */
export interface Limiter {
  /**
   * Runs `work` when its turn comes and hands on what it gives. A {@link ModelError} tells the limiter how the
   * provider feels. An abort while waiting gives the place up; rejects at once where too many wait.
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T>;
  /** Calls the limiter would let run at once now. */
  readonly limit: number;
}

interface Waiter {
  readonly start: () => void;
}

/**
 * A limiter that adapts by additive increase and multiplicative decrease (Chiu and Jain, 1989): told "too many", it
 * halves its limit, once for all calls that were under way then, and grows by one call for every limit's worth of
 * answers. A `Retry-After` stops everybody for that time.
 */
export function createLimiter(options: LimiterOptions): Limiter {
  const { clock, concurrency } = options;
  const maxWaiting = options.maxWaiting ?? MAX_WAITING_CALLS;
  let limit = concurrency;
  let running = 0;
  let waiting: Waiter[] = [];
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let decreasedAt = Number.NEGATIVE_INFINITY;
  let started = 0;
  let wake: AbortController | undefined;

  const mayStart = () => running < Math.floor(limit) && clock.monotonic() >= pausedUntil;

  const pump = () => {
    while (mayStart()) {
      const next = waiting.shift();
      if (next === undefined) break;
      next.start();
    }
    // One timer, and only while somebody waits for it: an idle limiter keeps no process alive.
    if (waiting.length === 0) {
      wake?.abort();
      wake = undefined;
    } else if (wake === undefined && clock.monotonic() < pausedUntil) {
      const timer = new AbortController();
      wake = timer;
      const goOn = () => {
        if (wake === timer) wake = undefined;
        pump();
      };
      clock.sleep(pausedUntil - clock.monotonic(), timer.signal).then(goOn, () => undefined);
    }
  };

  const learn = (error: unknown, order: number) => {
    if (!(error instanceof ModelError)) return;
    const pauseMs = Math.min(error.retryAfterMs ?? 0, MAX_PAUSE_MS);
    pausedUntil = Math.max(pausedUntil, clock.monotonic() + pauseMs);
    if (error.failure === "rate_limited" && order > decreasedAt) {
      limit = Math.max(1, Math.floor(limit * DECREASE));
      decreasedAt = started;
    }
  };

  const turn = (signal: AbortSignal): Promise<void> => {
    if (waiting.length === 0 && mayStart()) {
      running++;
      return Promise.resolve();
    }
    if (waiting.length >= maxWaiting) {
      return Promise.reject(
        new ModelError("unavailable", "Too many calls are waiting for this provider; try again later."),
      );
    }
    return new Promise((resolve, reject) => {
      const leave = () => {
        waiting = waiting.filter((other) => other !== waiter);
        reject(signal.reason);
        pump();
      };
      const waiter: Waiter = {
        start() {
          signal.removeEventListener("abort", leave);
          running++; // taken here, before anybody else is looked at
          resolve();
        },
      };
      signal.addEventListener("abort", leave, { once: true });
      waiting.push(waiter);
      pump();
    });
  };

  return {
    get limit() {
      return Math.floor(limit);
    },
    async run(work, signal) {
      throwIfAborted(signal);
      await turn(signal);
      const order = ++started;
      try {
        const result = await work();
        limit = Math.min(concurrency, limit + INCREASE / limit);
        return result;
      } catch (error) {
        learn(error, order);
        throw error;
      } finally {
        running--;
        pump();
      }
    },
  };
}
