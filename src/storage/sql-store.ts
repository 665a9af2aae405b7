import type { JobEvent } from "../domain/event.ts";
import type { Driver } from "./driver.ts";
import type { FanOut } from "./fan-out.ts";
import { changeJob } from "./sql/change-job.ts";
import { createJob } from "./sql/create-job.ts";
import { deleteJob } from "./sql/delete-job.ts";
import { endedJobs, truncateEvents } from "./sql/ended.ts";
import { readEvents } from "./sql/events.ts";
import { expireRecords, findRecord } from "./sql/idempotency.ts";
import { countJobs, getCheckpoint, getJob, jobIds, listJobs } from "./sql/jobs.ts";
import { readCall, readCalls, recordCall } from "./sql/ledger.ts";
import { append, claim } from "./sql/run-job.ts";
import type { Store } from "./store.ts";

/** The store over a driver whose schema is up to date. Each write is one transaction; news go out after its commit. */
export function createSqlStore(driver: Driver, fanOut: FanOut): Store {
  return {
    createJob: (input) => driver.tx((tx) => createJob(tx, input)),
    usedKey: (key) => findRecord(driver, key),
    getJob: (id, view = {}) => getJob(driver, id, view),
    checkpoint: (jobId) => getCheckpoint(driver, jobId),
    listJobs: (query) => listJobs(driver, query),
    countJobs: () => countJobs(driver),
    jobIds: (statuses, limit) => jobIds(driver, statuses, limit),

    claim: (jobId, worker, nowMs) => driver.tx((tx) => claim(tx, jobId, worker, nowMs)),
    async append(jobId, fence, write) {
      const events = await driver.tx((tx) => append(tx, jobId, fence, write));
      publishLast(events);
      return events;
    },
    async change(jobId, change) {
      const job = await driver.tx((tx) => changeJob(tx, jobId, change));
      if (job !== undefined && change.events.length > 0) fanOut.publish(job.id, job.lastEventId);
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

    onAppend: (fn) => fanOut.subscribe(fn),
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
    if (last !== undefined) fanOut.publish(last.jobId, last.id);
  }
}
