import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Driver } from "./driver.ts";
import { createLocalFanOut, type FanOut } from "./fan-out.ts";
import { migrate } from "./migrate.ts";
import { connectPostgres } from "./postgres/connect.ts";
import { createPostgresDriver } from "./postgres/driver.ts";
import { createPostgresFanOut } from "./postgres/fan-out.ts";
import { createSqlStore } from "./sql-store.ts";
import { openConnection } from "./sqlite/connection.ts";
import { createSqliteDriver } from "./sqlite/driver.ts";
import type { Store } from "./store.ts";

/** Where a store keeps its data. */
export type StoreLocation =
  | {
      readonly kind: "sqlite";
      /** A file, created with its directory if need be, or ":memory:" for one that ends with the process. */
      readonly path: string;
    }
  | {
      readonly kind: "postgres";
      /** `postgres://user:password@host/database`; LISTEN needs a direct one, not a transaction pooler's. */
      readonly url: string;
    };

/** What every store works with. */
export interface StorePorts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /**
   * Told once, when a commit has failed so that durability can not be promised any more. Every later call rejects;
   * the way out is to end the process and start it again.
   */
  readonly onBroken?: (error: Error) => void;
}

/** Kinds of stores. */
export type StoreKind = StoreLocation["kind"];

type Open<K extends StoreKind> = (
  location: Extract<StoreLocation, { kind: K }>,
  ports: StorePorts,
) => Promise<Store>;

const STORES = {
  async sqlite({ path }, ports) {
    const driver = createSqliteDriver({ connection: openConnection(path), ...ports });
    return storeOver(driver, ports, async () => createLocalFanOut(ports.log));
  },
  async postgres({ url }, ports) {
    const { pool, newClient } = await connectPostgres(url, ports.log);
    const driver = createPostgresDriver({ pool, ...ports });
    return storeOver(driver, ports, () => createPostgresFanOut({ newClient, ...ports }));
  },
} satisfies { [K in StoreKind]: Open<K> };

async function storeOver(
  driver: Driver,
  ports: StorePorts,
  newFanOut: () => Promise<FanOut>,
): Promise<Store> {
  try {
    await migrate(driver, ports.clock);
    return createSqlStore(driver, await newFanOut());
  } catch (error) {
    await driver.close();
    throw error;
  }
}

/**
 * Opens the store and brings its schema up to date. Rejects with `storage_unavailable` and a sentence for the operator
 * where the data are in use by another server, of a newer version, or not to be reached.
 */
export function openStore(location: StoreLocation, ports: StorePorts): Promise<Store> {
  // TypeScript does not see that the key and the argument are of one kind.
  const open = STORES[location.kind] as (location: StoreLocation, ports: StorePorts) => Promise<Store>;
  return open(location, ports);
}
