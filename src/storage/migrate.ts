import type { Clock } from "../base/clock.ts";
import { AppError } from "../base/errors.ts";
import type { Driver } from "./driver.ts";
import { first } from "./migrations/0001-first.ts";
import type { Migration } from "./migrations/migration.ts";

/** Every step, in order; versions are 1, 2, 3 … */
export const MIGRATIONS: readonly Migration[] = [first];

/** Schema version this program reads and writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the database to {@link SCHEMA_VERSION} in one transaction; nodes that start together take turns. A database
 * of a newer version is refused with `storage_unavailable`: its meaning is not known here, and writing could harm it.
 */
export async function migrate(driver: Driver, clock: Clock): Promise<void> {
  await driver.tx(async (tx) => {
    await tx.lock("schema");
    await tx.exec(
      "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
    );
    const [row] = await tx.all("SELECT MAX(version) AS version FROM schema_version");
    const found = Number(row?.version ?? 0);
    if (found > SCHEMA_VERSION) {
      throw new AppError(
        "storage_unavailable",
        `The data was written by a newer gepa-next (schema ${found}; this one knows up to ${SCHEMA_VERSION}). ` +
          "Start that version, or restore a backup made before the upgrade.",
      );
    }
    for (const step of MIGRATIONS.slice(found)) {
      await tx.exec(step.sql);
      await tx.run("INSERT INTO schema_version (version, applied_at) VALUES ($1, $2)", [
        step.version,
        clock.now(),
      ]);
    }
  });
}
