import { AppError } from "../../base/errors.ts";

/** Space comes back by an operator's hand: not within a second. */
const FULL_RETRY_MS = 30_000;

/** A database that restarts or fails over is back within seconds. */
const UNAVAILABLE_RETRY_MS = 2_000;

/**
 * SQLSTATE classes and codes (Postgres manual, appendix A) of a database that can not serve now: connection lost (08),
 * read-only after a failover, a transaction that stood still for too long, deadlock or serialisation, out of resources (53), shut down or timed out (57), I/O (58).
 */
const UNAVAILABLE = ["08", "25006", "25P03", "40001", "40P01", "53", "55P03", "57", "58", "XX001", "XX002"];

/** SQLSTATE of a full disk. */
const DISK_FULL = "53100";

/** An error of `pg` as the store's callers see it; a fault in a statement of ours passes as it is. */
export function toStorageError(error: unknown): unknown {
  const state = sqlState(error);
  if (state === DISK_FULL) {
    return new AppError("storage_full", "The database's disk is full. Nothing was saved; try again later.", {
      retryAfterMs: FULL_RETRY_MS,
      cause: error,
    });
  }
  if (state !== undefined && !UNAVAILABLE.some((prefix) => state.startsWith(prefix))) return error;
  return new AppError("storage_unavailable", "The database can not be reached. Try again in a moment.", {
    retryAfterMs: UNAVAILABLE_RETRY_MS,
    cause: error,
  });
}

/** SQLSTATE of what the server said; undefined for what went wrong on the way to it. */
function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error) || !("severity" in error)) return undefined;
  return String(error.code);
}
