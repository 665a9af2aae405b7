import { AppError } from "../../base/errors.ts";

/** Result code of a SQLite error ("SQLITE_FULL"; https://sqlite.org/rescode.html), or undefined for any other error. */
export function sqliteCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !("code" in error)) return undefined;
  return typeof error.code === "string" && error.code.startsWith("SQLITE_") ? error.code : undefined;
}

/** Free space comes back by an operator's hand, or when a log rotates: not within a second. */
const FULL_RETRY_MS = 30_000;

/** What callers are told when the disk is full. Works again by itself once there is space. */
export function storageFull(cause: unknown): AppError {
  return new AppError("storage_full", "The server's disk is full. Nothing was saved; try again later.", {
    retryAfterMs: FULL_RETRY_MS,
    cause,
  });
}

/** Codes of a failing disk or file, by prefix; the others are bugs of ours and pass as they are. */
const DISK_CODES = ["SQLITE_IOERR", "SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_CANTOPEN", "SQLITE_READONLY"];

/** Whether the error says that the disk or the file can not be trusted any more. */
export function isDiskFailure(error: unknown): boolean {
  const code = sqliteCode(error);
  return code !== undefined && DISK_CODES.some((prefix) => code.startsWith(prefix));
}

/** SQLite's error as the store's callers see it. */
export function toStorageError(error: unknown): unknown {
  if (sqliteCode(error) === "SQLITE_FULL") return storageFull(error);
  if (!isDiskFailure(error)) return error;
  return new AppError("storage_unavailable", "The server's storage failed. Nothing was saved.", {
    cause: error,
  });
}
