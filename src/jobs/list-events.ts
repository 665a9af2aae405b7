import type { Job } from "../domain/job.ts";
import type { Store } from "../storage/store.ts";
import { checkCursor } from "./cursor.ts";
import { ownJob } from "./own-job.ts";
import { decodePageToken, encodePageToken, pageSize } from "./page-token.ts";
import type { JobsDeps } from "./ports.ts";
import type { EventPage, UseCases } from "./use-cases.ts";

/** Events a page holds where the caller does not say; as `ListEventsRequest.page_size` promises. */
const DEFAULT_EVENTS = 100;
/** Most events on a page; as `ListEventsRequest.page_size` promises. */
const MAX_EVENTS = 1000;

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
    const found = await deps.store.events(jobId, from, size + 1, wanted);
    const truncated = cursor === undefined ? await gapAfter(deps.store, job, after) : undefined;
    const items = found.slice(0, size);
    const last = items.at(-1);
    const more = found.length > size && last !== undefined;
    return {
      items,
      nextPageToken: more ? encodePageToken(scope, [last.id]) : "",
      ...(truncated && { truncated }),
    };
  };
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
