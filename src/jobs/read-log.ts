import type { EventType, JobEvent } from "../domain/event.ts";
import type { Job } from "../domain/job.ts";
import type { Store } from "../storage/store.ts";

/** Events of one read, and so the most that is held at once: a judge event may bring hundreds of outputs. */
const PAGE_EVENTS = 32;

/** An event of one type. */
export type EventOf<T extends EventType> = Extract<JobEvent, { readonly type: T }>;

/**
 * The events of one type after `after`, as far as the log went when `job` was read: several reads with the same job
 * tell of one moment, and a job that goes on writing does not hold its reader.
 */
export async function* readLog<T extends EventType>(
  store: Pick<Store, "events">,
  job: Pick<Job, "id" | "lastEventId">,
  type: T,
  after = 0,
): AsyncGenerator<EventOf<T>, void, void> {
  for (let cursor = after; cursor < job.lastEventId; ) {
    const page = await store.events(job.id, cursor, PAGE_EVENTS, [type]);
    for (const event of page) {
      if (event.id > job.lastEventId) return;
      yield event as EventOf<T>; // the store gives events of the type asked for and no other
      cursor = event.id;
    }
    if (page.length < PAGE_EVENTS) return;
  }
}
