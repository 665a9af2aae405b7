import { setMaxListeners } from "node:events";

/** Throws the signal's reason if it has aborted. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw signal.reason;
}

/**
 * Settles as `promise` does, or rejects with the signal's reason as soon as it aborts. The work behind the promise is
 * not stopped by this; give it the same signal.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => undefined); // nobody reads it any more; its failure must not become an unhandled rejection
    return Promise.reject(signal.reason);
  }
  return new Promise<T>((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}

/** Whether `error` is the reason of `signal`, or any AbortError: the wait was given up, nothing went wrong. */
export function isAbort(error: unknown, signal?: AbortSignal): boolean {
  if (signal?.aborted && error === signal.reason) return true;
  return error instanceof Error && error.name === "AbortError";
}

/**
 * The signal, allowed as many listeners as there are calls in flight. Node warns of a leak above ten; here a listener
 * is a call that still runs, and goes when the call ends.
 */
export function sharedByCalls(signal: AbortSignal): AbortSignal {
  setMaxListeners(0, signal);
  return signal;
}

/** A part of a longer work that can be ended on its own. */
export interface AbortScope {
  /** Aborts when the scope ends, or its parent does; may be listened to by any number of calls. */
  readonly signal: AbortSignal;
  /** Ends the scope; the first reason stays. */
  end(reason: unknown): void;
}

/** Opens a scope within another signal. It must be ended, for it listens to its parent until then. */
export function abortScope(parent: AbortSignal): AbortScope {
  const controller = new AbortController();
  const end = (reason: unknown) => {
    parent.removeEventListener("abort", onAbort);
    controller.abort(reason);
  };
  const onAbort = () => end(parent.reason);
  if (parent.aborted) controller.abort(parent.reason);
  else parent.addEventListener("abort", onAbort, { once: true });
  return { signal: sharedByCalls(controller.signal), end };
}
