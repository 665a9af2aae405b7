import type pg from "pg";
import { AppError } from "../../base/errors.ts";
import type { Logger } from "../../base/log.ts";

/** Connections of one node. Each holds a server process of some 10 MB, and appends are short. */
export const POOL_SIZE = 10;

/** A server that has not answered by then is treated as absent. */
const CONNECT_TIMEOUT_MS = 5_000;

/** No statement of ours takes longer, short of deleting a job with a million events. */
const STATEMENT_TIMEOUT_MS = 30_000;

/**
 * A worker that is stopped in the midst of a transaction holds the locks of its job, and so would hold off whoever
 * takes the job over: within a lease the server must have ended it. Between two statements of ours lie microseconds.
 */
const IDLE_IN_TRANSACTION_MS = 5_000;

/** A little more than the server's own timeout, so that only a dead connection meets it. */
const ANSWER_TIMEOUT_MS = STATEMENT_TIMEOUT_MS + 5_000;

/** The first version with everything the statements and pg-boss need. */
const MIN_SERVER_VERSION = 13;

/** Type number of BIGINT, which `pg` gives as text since it may exceed a JS number; ours are counts and milliseconds. */
const INT8 = 20;

/** `pg` is loaded only where Postgres is used, since it takes time and memory nobody else has to pay. */
async function load(): Promise<typeof pg> {
  return (await import("pg")).default;
}

function configOf(driver: typeof pg, url: string): pg.PoolConfig {
  return {
    connectionString: url,
    application_name: "gepa-next",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    types: {
      getTypeParser: (oid: number, format?: "text" | "binary") =>
        oid === INT8 ? Number : driver.types.getTypeParser(oid, format as "text"),
    } as pg.CustomTypesConfig,
  };
}

/** Makes connections to a server one by one; none is connected yet. */
export async function postgresClients(url: string): Promise<() => pg.Client> {
  const driver = await load();
  const config = configOf(driver, url);
  return () => new driver.Client(config);
}

/**
 * Connects to a Postgres server. Rejects with `storage_unavailable` and a sentence for the operator where it can not
 * be reached or is too old; the sentence never holds the password.
 */
export async function connectPostgres(url: string, log: Logger): Promise<pg.Pool> {
  const driver = await load();
  const pool = new driver.Pool({ ...configOf(driver, url), max: POOL_SIZE, onConnect: insistOnDurability });
  // A connection that is lost while it is in use fails its statement; unheard, the event would end the process as well.
  pool.on("connect", (client) => client.on("error", () => undefined));
  pool.on("error", (error) => log.warn("postgres_connection_lost", {}, error)); // an idle one; the pool replaces it
  try {
    const { rows } = await pool.query("SELECT current_setting('server_version_num')::int AS version");
    const major = Math.trunc(Number(rows[0]?.version) / 10_000);
    if (major < MIN_SERVER_VERSION) {
      throw new Error(`it is Postgres ${major}; ${MIN_SERVER_VERSION} or later is needed`);
    }
  } catch (cause) {
    await pool.end();
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AppError(
      "storage_unavailable",
      `The database of DATABASE_URL can not be used: ${why}. Check the address, the user and that the server runs.`,
      { cause },
    );
  }
  return pool;
}

/** A commit that is acknowledged is durable, whatever the server's default; a stricter default stays. */
async function insistOnDurability(client: pg.ClientBase): Promise<void> {
  await client.query(
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'",
  );
}
