import { existsSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../base/errors.ts";
import { type Copied, copyStore } from "./copy.ts";
import type { Driver } from "./driver.ts";
import { migrate } from "./migrate.ts";
import { connectPostgres } from "./postgres/connect.ts";
import { createPostgresDriver } from "./postgres/driver.ts";
import type { StorePorts } from "./registry.ts";
import { openConnection } from "./sqlite/connection.ts";
import { createSqliteDriver } from "./sqlite/driver.ts";

/**
 * What an operator does to a store while no server uses it. Each rejects with `storage_unavailable` and a sentence for
 * the operator; where a server does use the file, it is that the file is locked.
 */

/** Copies the store in a SQLite file into an empty Postgres database, in one transaction. The file stays as it is. */
export async function moveToPostgres(path: string, url: string, ports: StorePorts): Promise<Copied> {
  refuseUnlessThere(path);
  const from = createSqliteDriver({ connection: openConnection(path), ...ports });
  return using(from, async () => {
    await migrate(from, ports.clock);
    const to = createPostgresDriver({ pool: await connectPostgres(url, ports.log), ...ports });
    return using(to, async () => {
      await migrate(to, ports.clock);
      return copyStore(from, to);
    });
  });
}

/** Writes a copy of a SQLite file, whole and durable once it resolves; `to` must not be there yet. */
export async function backUpSqlite(path: string, to: string): Promise<void> {
  refuseUnlessThere(path);
  if (existsSync(to)) {
    throw new AppError("storage_unavailable", `${to} is there already. Give a name that is free.`);
  }
  const partial = `${to}.partial`;
  const connection = openConnection(path);
  try {
    connection.run("VACUUM INTO $1", [partial]);
  } catch (cause) {
    await rm(partial, { force: true });
    const message = `The copy could not be written to ${to}. Check that its folder exists, is writable and has free space.`;
    throw new AppError("storage_unavailable", message, { cause });
  } finally {
    connection.close();
  }
  await sync(partial);
  await rename(partial, to); // so that a file of this name is a whole backup
  await sync(dirname(to));
}

/** SQLite does not sync what VACUUM INTO writes. */
async function sync(path: string): Promise<void> {
  const handle = await open(path, "r");
  await handle.sync().finally(() => handle.close());
}

function refuseUnlessThere(path: string): void {
  if (existsSync(path)) return;
  throw new AppError(
    "storage_unavailable",
    `There is no database at ${path}. Name its folder with --data-dir.`,
  );
}

async function using<T>(driver: Driver, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } finally {
    await driver.close();
  }
}
