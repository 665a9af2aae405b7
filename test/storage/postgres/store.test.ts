import { afterAll, beforeAll } from "vitest";
import { systemClock } from "../../../src/base/clock.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { noMetrics } from "../../../src/base/metrics.ts";
import { openStore } from "../../../src/storage/registry.ts";
import { describeDurableStore, describeStore } from "../../contract/store.ts";
import type { StorePlace } from "../../contract/store/under-test.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres.ts";

const ports = { clock: systemClock, log: silentLogger, metrics: noMetrics };

let server: PostgresServer;
beforeAll(async () => {
  server = await startPostgres();
});
afterAll(() => server.stop());

async function newPlace(): Promise<StorePlace> {
  const { url, drop } = await server.createDatabase();
  return { open: () => openStore({ kind: "postgres", url }, ports), remove: drop };
}

describeStore("Postgres", newPlace);
describeDurableStore("Postgres", newPlace);
