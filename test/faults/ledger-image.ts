import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { openConnection } from "../../src/storage/sqlite/connection.ts";

/** What a store holds, read from a copy of its files, so that the recovery that reading is leaves the store as it was. */
export interface Image {
  /** Keys of all recorded answers. */
  readonly keys: readonly string[];
  /** Last event id by job. */
  readonly lastEventIds: ReadonlyMap<string, number>;
}

/** Files of a store; the second is there only while it is open, or after a crash. */
export const STORE_FILES = ["gepa.db", "gepa.db-wal"] as const;

/** Reads the store of a process that is gone. */
export async function imageOf(dataDir: string): Promise<Image> {
  const copies = STORE_FILES.map((name) => join(dataDir, `copy-of-${name}`));
  for (const [i, name] of STORE_FILES.entries()) {
    await copyFile(join(dataDir, name), copies[i]!).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "ENOENT") throw error;
    });
  }
  const db = openConnection(copies[0]!);
  try {
    const keys = db.all("SELECT key FROM calls", []);
    const jobs = db.all("SELECT id, last_event_id FROM jobs", []);
    return {
      keys: keys.map((row) => String(row.key)),
      lastEventIds: new Map(jobs.map((row) => [String(row.id), Number(row.last_event_id)])),
    };
  } finally {
    db.close();
    await Promise.all(copies.map((path) => rm(path, { force: true })));
  }
}
