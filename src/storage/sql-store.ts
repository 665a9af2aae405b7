import type { JobEvent } from "../domain/event.ts";
import type { Driver, Tx } from "./driver.ts";
import type { FanOut } from "./fan-out.ts";
import { changeJob } from "./sql/change-job.ts";
import { createJob } from "./sql/create-job.ts";
import { deleteJob } from "./sql/delete-job.ts";
import { endedJobs, truncateEvents } from "./sql/ended.ts";
import { readEvents } from "./sql/events.ts";
import { expireRecords, findRecord } from "./sql/idempotency.ts";
import { countJobs, getCheckpoint, getJob, jobIds, listJobs, standings } from "./sql/jobs.ts";
import { readCall, readCalls, recordCall } from "./sql/ledger.ts";
import { append, claim } from "./sql/run-job.ts";
import type { Store } from "./store.ts";

/** Puts a job that has become `pending` where a worker will find it, with the transaction that makes it so. */
export type Enqueue = (tx: Tx, jobId: string) => Promise<void>;

/**
 * The store over a driver whose schema is up to date. Each write is one transaction; news go out after its commit.
 * Without `enqueue` workers find what is pending by asking.
 */
export function createSqlStore(
  driver: Driver,
  fanOut: FanOut,
  enqueue: Enqueue = async () => undefined,
): Store {
  return {
    createJob: (input) =>
      driver.tx(async (tx) => {
        const outcome = await createJob(tx, input);
        if (outcome.kind === "created" && outcome.job.status === "pending") await enqueue(tx, outcome.job.id);
        return outcome;
      }),
    usedKey: (key) => findRecord(driver, key),
    getJob: (id, view = {}) => getJob(driver, id, view),
    checkpoint: (jobId) => getCheckpoint(driver, jobId),
    listJobs: (query) => listJobs(driver, query),
    countJobs: () => countJobs(driver),
    jobIds: (statuses, limit) => jobIds(driver, statuses, limit),
    standings: (ids) => standings(driver, ids),

    claim: (jobId, worker, nowMs) => driver.tx((tx) => claim(tx, jobId, worker, nowMs)),
    async append(jobId, fence, write) {
      const events = await driver.tx((tx) => append(tx, jobId, fence, write));
      publishLast(events);
      return events;
    },
    async change(jobId, change) {
      const job = await driver.tx(async (tx) => {
        const changed = await changeJob(tx, jobId, change);
        if (changed?.status === "pending" && change.to === "pending") await enqueue(tx, jobId);
        return changed;
      });
      if (job === undefined) return undefined;
      if (change.events.length > 0) fanOut.appended.publish(job.id, job.lastEventId);
      fanOut.changed.publish(job.id, job.lastEventId);
      return job;
    },

    events: (jobId, after, limit, types = []) => readEvents(driver, jobId, after, limit, types),
    call: (rootId, key) => readCall(driver, rootId, key),
    calls: (rootId) => readCalls(driver, rootId),
    recordCall: (row) => driver.tx((tx) => recordCall(tx, row)),

    deleteJob: (jobId) => driver.tx((tx) => deleteJob(tx, jobId)),
    expireIdempotency: (beforeMs) => driver.tx((tx) => expireRecords(tx, beforeMs)),
    endedJobs: (query) => endedJobs(driver, query),
    truncateEvents: (jobId, keep) => driver.tx((tx) => truncateEvents(tx, jobId, keep)),

    onAppend: (fn) => fanOut.appended.subscribe(fn),
    onChange: (fn) => fanOut.changed.subscribe(fn),
    async ping() {
      await driver.all("SELECT 1 AS one");
    },
    async close() {
      await fanOut.close();
      await driver.close();
    },
  };

  function publishLast(events: readonly JobEvent[]): void {
    const last = events.at(-1);
    if (last !== undefined) fanOut.appended.publish(last.jobId, last.id);
  }
}
