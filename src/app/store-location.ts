import { join, resolve } from "node:path";
import type { Config } from "../config/load-config.ts";
import type { StoreLocation } from "../storage/registry.ts";

/** The database in the data folder. */
const DATABASE_FILE = "gepa.db";

/** Path of the database in a data folder. */
export function databaseFile({ dataDir }: Pick<Config, "dataDir">): string {
  return resolve(join(dataDir, DATABASE_FILE));
}

/** Where the service keeps its data: in Postgres where an address is configured, else in the data folder. */
export function storeLocation(config: Config): StoreLocation {
  const { databaseUrl, databaseListenUrl } = config;
  if (databaseUrl === undefined) return { kind: "sqlite", path: databaseFile(config) };
  return {
    kind: "postgres",
    url: databaseUrl.reveal(),
    ...(databaseListenUrl && { listenUrl: databaseListenUrl.reveal() }),
  };
}
