import type { Job as BossJob, PgBoss } from "pg-boss";
import type { JobStatus } from "../../domain/job.ts";
import type { Logger } from "../../base/log.ts";
import type { Driver, SqlValue, Tx } from "../driver.ts";
import { type JobQueue, LEASE_MS } from "../queue.ts";
import { bindings } from "../sql/bindings.ts";
import { toStorageError } from "./errors.ts";

/** Where pg-boss keeps its tables, beside ours. */
const SCHEMA = "gepa_queue";

const QUEUE = "runs";

/** Connections of the queue on one node: its statements are short and few. */
const POOL_SIZE = 3;

const CONNECT_TIMEOUT_MS = 5_000;

/** Nothing the queue asks takes long; what does is asked again. */
const STATEMENT_TIMEOUT_MS = 10_000;

/**
 * How often workers that are gone are looked for, and idle places ask for work. With the lease this bounds a takeover:
 * 10 + 2 + 1 s. pg-boss's own defaults come to a minute.
 */
const SUPERVISE_S = 2;
const POLL_S = 1;

/** Time between pg-boss's own signs of life for a job; three may be lost within a lease. */
const HEARTBEAT_S = 3;

/** Idle places of one node together ask at most so often in a second: each of them polls for itself. */
const MAX_POLLS_PER_S = 32;

/** A day, the longest pg-boss knows. A run that lasts longer is handed out anew and goes on from its checkpoint. */
const EXPIRE_S = 86_400;

/** A job is handed out again until it has ended: whether it may fail is not the queue's to say. */
const RETRY_LIMIT = 1_000_000;

/** The queue's own record of what is done is of no use; a small table is. */
const FORGET_AFTER_S = 60;

/** States of jobs that need a worker. */
const QUEUED_STATUSES: readonly JobStatus[] = ["pending", "running"];

/** Jobs put back by one statement's worth of a refill. */
const REFILL_PAGE = 1_000;

/** pg-boss waits so long for handlers when it stops; they have been told to end before. */
const STOP_TIMEOUT_MS = 8_000;

/** What the queue works with. */
export interface PostgresQueueOptions {
  /** A direct connection: the queue LISTENs. */
  readonly url: string;
  readonly driver: Driver;
  readonly log: Logger;
}

/** The queue, and the store's way to put a job on it. */
export interface PostgresQueue extends JobQueue {
  /** Puts a job on the queue when the transaction commits; one that waits there already stays where it is. */
  enqueue(tx: Tx, jobId: string): Promise<void>;
}

interface Ticket {
  readonly job_id: string;
}

/** An attempt at a job, as pg-boss knows it: a sign of life for an older attempt does nothing. */
type Attempt = Pick<BossJob, "id" | "retryCount">;

/** A queue over pg-boss, which is loaded only here. Resolves once its tables are up to date. */
export async function openPostgresQueue(options: PostgresQueueOptions): Promise<PostgresQueue> {
  const { url, driver, log } = options;
  const { PgBoss } = await import("pg-boss");
  const boss: PgBoss = new PgBoss({
    connectionString: url,
    application_name: "gepa-next queue",
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    options: `-c statement_timeout=${STATEMENT_TIMEOUT_MS}`,
    max: POOL_SIZE,
    schema: SCHEMA,
    schedule: false,
    registerInstance: false,
    openTelemetry: { enabled: false },
    useListenNotify: true,
    superviseIntervalSeconds: SUPERVISE_S,
    monitorIntervalSeconds: SUPERVISE_S,
    maintenanceIntervalSeconds: FORGET_AFTER_S,
  });
  boss.on("error", (error) => log.debug("queue_error", { error: String(error.message) })); // it tries again by itself
  boss.on("warning", ({ message }) => log.debug("queue_warning", { warning: message }));

  const settings = {
    heartbeatSeconds: LEASE_MS / 1000,
    retryLimit: RETRY_LIMIT,
    retryDelay: 0,
    expireInSeconds: EXPIRE_S,
    deleteAfterSeconds: FORGET_AFTER_S,
    notify: true,
  };
  try {
    await boss.start();
    // At most one waiting and one active row a job: a job that is resumed while its last run still ends waits for that.
    await boss.createQueue(QUEUE, { ...settings, policy: "stately" });
    await boss.updateQueue(QUEUE, settings); // an earlier version may have made it
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined);
    throw toStorageError(error);
  }

  const attempts = new Map<string, Attempt>(); // by job, bounded by the places of `take`
  let stopped: Promise<void> | undefined;

  const send = (jobId: string, tx?: Tx) =>
    boss.send(QUEUE, { job_id: jobId } satisfies Ticket, {
      singletonKey: jobId,
      ...(tx !== undefined && { db: within(tx) }),
    });

  /** Gives how many of the attempts are still the last ones. pg-boss documents the count and leaves it out of its types. */
  const touch = async (attempts: Attempt[]) =>
    ((await boss.touch(QUEUE, attempts)) as { readonly affected: number }).affected;

  async function take(
    { id, retryCount, data, signal }: BossJob<Ticket>,
    handle: Parameters<JobQueue["take"]>[1],
  ): Promise<void> {
    const attempt = { id, retryCount };
    attempts.set(data.job_id, attempt);
    try {
      await handle(data.job_id, signal);
    } finally {
      // A later attempt at the same job may have begun here, where this one was slow to let go.
      if (attempts.get(data.job_id) === attempt) attempts.delete(data.job_id);
    }
  }

  return {
    async enqueue(tx, jobId) {
      await send(jobId, tx);
    },
    async take(atOnce, handle) {
      const pollS = Math.max(POLL_S, atOnce / MAX_POLLS_PER_S);
      const options = {
        localConcurrency: atOnce,
        heartbeatRefreshSeconds: HEARTBEAT_S,
        pollingIntervalSeconds: pollS,
        notifyPollingIntervalSeconds: pollS,
      };
      await boss.work<Ticket, void, typeof options>(QUEUE, options, async (jobs) => {
        for (const job of jobs) await take(job, handle); // one, as asked for
      });
    },
    async beat() {
      const asked = new Map(attempts);
      if (asked.size === 0) return new Set();
      try {
        if ((await touch([...asked.values()])) === asked.size) return new Set(asked.keys());
        const ours = new Set<string>(); // some are not: which, it says only one by one
        for (const [jobId, attempt] of asked) if ((await touch([attempt])) === 1) ours.add(jobId);
        return ours;
      } catch (error) {
        throw toStorageError(error);
      }
    },
    async refill() {
      let count = 0;
      for (;;) {
        const jobs = await forgotten(driver);
        for (const jobId of jobs) if ((await send(jobId)) !== null) count++;
        if (jobs.length < REFILL_PAGE) return count;
      }
    },
    stop() {
      stopped ??= boss.stop({ timeout: STOP_TIMEOUT_MS });
      return stopped;
    },
  };
}

/** Jobs that need a worker and have no row that would bring them one. */
async function forgotten(driver: Driver): Promise<readonly string[]> {
  const b = bindings();
  const rows = await driver.all(
    `SELECT id FROM jobs WHERE status IN (${b.list(QUEUED_STATUSES)}) AND NOT EXISTS (
       SELECT 1 FROM ${SCHEMA}.job q WHERE q.name = ${b.add(QUEUE)} AND q.singleton_key = jobs.id
         AND q.state IN ('created', 'retry', 'active'))
     ORDER BY created_at, id LIMIT ${b.add(REFILL_PAGE)}`,
    b.values,
  );
  return rows.map((row) => String(row.id));
}

/** A transaction of ours as pg-boss wants it. */
function within(tx: Tx): { executeSql(text: string, values?: unknown[]): Promise<{ rows: unknown[] }> } {
  return {
    executeSql: async (text, values = []) => ({ rows: [...(await tx.all(text, values as SqlValue[]))] }),
  };
}
