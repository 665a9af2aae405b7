import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Driver } from "./driver.ts";
import { createLocalFanOut, type FanOut } from "./fan-out.ts";
import { migrate } from "./migrate.ts";
import { connectPostgres, postgresClients } from "./postgres/connect.ts";
import { createPostgresDriver } from "./postgres/driver.ts";
import { createPostgresFanOut } from "./postgres/fan-out.ts";
import { openPostgresQueue } from "./postgres/queue.ts";
import type { JobQueue } from "./queue.ts";
import { createSqlStore, type Enqueue } from "./sql-store.ts";
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
      /** `postgres://user:password@host/database`. */
      readonly url: string;
      /** A direct connection to the same database, where `url` leads to a transaction pooler: those can not LISTEN. */
      readonly listenUrl?: string;
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

/** A store and, where several nodes may share it, the queue by which they share out its jobs. */
export interface Storage {
  readonly store: Store;
  /** Absent over SQLite: there this process is the only one. */
  readonly queue?: JobQueue;
}

type Open<K extends StoreKind> = (
  location: Extract<StoreLocation, { kind: K }>,
  ports: StorePorts,
  withQueue: boolean,
) => Promise<Storage>;

const STORES = {
  async sqlite({ path }, ports) {
    const driver = createSqliteDriver({ connection: openConnection(path), ...ports });
    return { store: await storeOver(driver, ports, async () => createLocalFanOut(ports.log)) };
  },
  async postgres({ url, listenUrl = url }, ports, withQueue) {
    const pool = await connectPostgres(url, ports.log);
    const driver = createPostgresDriver({ pool, ...ports });
    const newClient = await postgresClients(listenUrl);
    const newFanOut = () => createPostgresFanOut({ newClient, ...ports });
    if (!withQueue) return { store: await storeOver(driver, ports, newFanOut) };
    const queue = await openPostgresQueue({ url: listenUrl, driver, log: ports.log }).catch(
      async (error: unknown) => {
        await driver.close();
        throw error;
      },
    );
    try {
      const store = await storeOver(driver, ports, newFanOut, queue.enqueue);
      return { store, queue };
    } catch (error) {
      await queue.stop();
      throw error;
    }
  },
} satisfies { [K in StoreKind]: Open<K> };

async function storeOver(
  driver: Driver,
  ports: StorePorts,
  newFanOut: () => Promise<FanOut>,
  enqueue?: Enqueue,
): Promise<Store> {
  try {
    await migrate(driver, ports.clock);
    return createSqlStore(driver, await newFanOut(), enqueue);
  } catch (error) {
    await driver.close();
    throw error;
  }
}

/**
 * Opens the store and brings its schema up to date, with the queue where there is one. Rejects with
 * `storage_unavailable` and a sentence for the operator where the data are in use by another server, of a newer
 * version, or not to be reached. The queue is to be stopped before the store is closed.
 */
export function openStorage(location: StoreLocation, ports: StorePorts): Promise<Storage> {
  return open(location, ports, true);
}

/** {@link openStorage} without the queue: for whoever only reads and writes. */
export async function openStore(location: StoreLocation, ports: StorePorts): Promise<Store> {
  return (await open(location, ports, false)).store;
}

function open(location: StoreLocation, ports: StorePorts, withQueue: boolean): Promise<Storage> {
  // TypeScript does not see that the key and the argument are of one kind.
  const byKind = STORES[location.kind] as Open<StoreKind>;
  return byKind(location, ports, withQueue);
}
