import type { EventType, JobEvent } from "../domain/event.ts";
import type { Job } from "../domain/job.ts";
import type { Store } from "../storage/store.ts";
import { checkCursor } from "./cursor.ts";
import { fillPage } from "./fill-page.ts";
import { ownJob } from "./own-job.ts";
import { decodePageToken, encodePageToken, pageSize } from "./page-token.ts";
import type { JobsDeps } from "./ports.ts";
import type { EventPage, UseCases } from "./use-cases.ts";

/** Events a page holds where the caller does not say; as `ListEventsRequest.page_size` promises. */
const DEFAULT_EVENTS = 100;
/** Most events on a page; as `ListEventsRequest.page_size` promises. */
const MAX_EVENTS = 1000;
/** Events of one read; see `readLog`. */
const READ_EVENTS = 32;

/** The log of a job as pages: the same read as a watch, without the waiting. */
export function listEvents(deps: Pick<JobsDeps, "store">): UseCases["listEvents"] {
  return async (caller, jobId, page, after, types) => {
    const job = await ownJob(deps.store, caller, jobId, { withoutExamples: true });
    checkCursor(job, after);
    const scope = { list: "events", jobId, after, types };
    const size = pageSize(page.pageSize, DEFAULT_EVENTS, MAX_EVENTS);
    const cursor = decodePageToken(scope, page.pageToken, ["number"]);
    const from = cursor === undefined ? after : Number(cursor[0]);
    const wanted = types.length === 0 ? undefined : types;
    const { items, next } = await fillPage(eventsAfter(deps.store, jobId, from, wanted), size);
    const truncated = cursor === undefined ? await gapAfter(deps.store, job, after) : undefined;
    const last = items.at(-1);
    const more = next !== undefined && last !== undefined;
    return {
      items,
      nextPageToken: more ? encodePageToken(scope, [last.id]) : "",
      ...(truncated && { truncated }),
    };
  };
}

/** The events of these types after a cursor, read a few at a time: a page may be full long before its size. */
async function* eventsAfter(
  store: Pick<Store, "events">,
  jobId: string,
  after: number,
  types: readonly EventType[] | undefined,
): AsyncGenerator<JobEvent> {
  for (let cursor = after; ; ) {
    const read = await store.events(jobId, cursor, READ_EVENTS, types);
    yield* read;
    const last = read.at(-1);
    if (last === undefined || read.length < READ_EVENTS) return;
    cursor = last.id;
  }
}

/** The note that events after the cursor are no longer stored; undefined where the next one is. */
async function gapAfter(
  store: Pick<Store, "events">,
  { id: jobId }: Job,
  after: number,
): Promise<EventPage["truncated"]> {
  const [first] = await store.events(jobId, after, 1);
  if (first === undefined || first.id === after + 1) return undefined;
  return { kind: "truncated", jobId, firstAvailable: first.id, ts: first.ts };
}
