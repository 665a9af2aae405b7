import { resolve } from "node:path";
import { systemClock } from "../base/clock.ts";
import { silentLogger } from "../base/log.ts";
import { noMetrics } from "../base/metrics.ts";
import type { Config } from "../config/load-config.ts";
import { backUpSqlite, moveToPostgres } from "../storage/tools.ts";
import { databaseFile } from "./store-location.ts";

const PORTS = { clock: systemClock, log: silentLogger, metrics: noMetrics };

/** Moves the data of the data folder into an empty Postgres database, and gives what was moved, line by line. */
export async function moveData(config: Config, url: string): Promise<string[]> {
  const copied = await moveToPostgres(databaseFile(config), url, PORTS);
  return Object.entries(copied).map(([table, rows]) => `${table.padEnd(14)}${rows}`);
}

/** Writes a copy of the data folder's database into a file. */
export function backUp(config: Config, file: string): Promise<void> {
  return backUpSqlite(databaseFile(config), resolve(file));
}
