import { copyFile, rm } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";

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
  const db = new Database(copies[0]!);
  try {
    const keys = db.prepare("SELECT key FROM calls").all([]) as { readonly key: string }[];
    const jobs = db.prepare("SELECT id, last_event_id FROM jobs").all([]) as {
      readonly id: string;
      readonly last_event_id: number;
    }[];
    return {
      keys: keys.map((row) => row.key),
      lastEventIds: new Map(jobs.map((row) => [row.id, row.last_event_id])),
    };
  } finally {
    db.close();
    await Promise.all([...copies, `${copies[0]}-shm`].map((path) => rm(path, { force: true })));
  }
}
