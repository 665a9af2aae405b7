import { AppError } from "../base/errors.ts";
import { connectErrorOf } from "./errors.ts";

/** Whether the server takes work. It goes one way only: serving, draining, stopped. */
export interface Serving {
  /** False from the moment a stop was asked for: new calls are refused and health says so. */
  readonly accepting: boolean;
  /** Aborts when open streams are to end; its reason tells clients to come back elsewhere. */
  readonly shutdown: AbortSignal;
  /** Refuses new calls and tells health watchers. */
  drain(): void;
  /** Ends every call that is still open. */
  stop(): void;
  /** Calls `fn` when `accepting` changes, until the returned function is called. */
  onChange(fn: () => void): () => void;
}

/** A retry finds the next instance, or this one started anew. */
const RETRY_AFTER_MS = 1_000;

/** The refusal of a server that shuts down. */
export function drainingError(): AppError {
  return new AppError("draining", "The server is shutting down; try again in a moment.", {
    retryAfterMs: RETRY_AFTER_MS,
  });
}

/** A server that takes work. */
export function createServing(): Serving {
  const shutdown = new AbortController();
  const listeners = new Set<() => void>();
  let accepting = true;
  const drain = () => {
    if (!accepting) return;
    accepting = false;
    for (const listener of [...listeners]) listener();
  };
  return {
    get accepting() {
      return accepting;
    },
    shutdown: shutdown.signal,
    drain,
    stop() {
      drain();
      shutdown.abort(connectErrorOf(drainingError()));
    },
    onChange(fn) {
      listeners.add(fn);
      return () => listeners.delete(fn);
    },
  };
}
