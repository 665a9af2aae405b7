import { throwIfAborted } from "../base/abort.ts";
import { isTerminalEvent } from "../domain/event.ts";
import { isTerminal } from "../domain/job.ts";
import type { Store } from "../storage/store.ts";
import { checkCursor } from "./cursor.ts";
import { ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import type { Caller, UseCases, WatchItem } from "./use-cases.ts";
import type { Follower, WakeUp, WatchHub } from "./watch-hub.ts";

/** Events of one read, and so the most a watcher holds: a judge event may bring hundreds of outputs. */
const PAGE_EVENTS = 32;

/**
 * The job as it stands (without its examples), then every event after the cursor: those recorded already and each
 * new one, by the same reads of the log. A watcher that stops reading holds one page and a place in the hub, and
 * goes on from its own cursor whenever it likes.
 */
export function watchJob(deps: Pick<JobsDeps, "store" | "metrics">, hub: WatchHub): UseCases["watchJob"] {
  return async function* watch(caller, jobId, after, signal) {
    throwIfAborted(signal);
    // The place is given back by the signal too: a consumer that went away may never finish this generator.
    const follower = hub.follow(jobId);
    deps.metrics.gauge("watch_streams", 1);
    let released = false;
    const release = () => {
      if (released) return;
      released = true;
      signal.removeEventListener("abort", release);
      follower.release();
      deps.metrics.gauge("watch_streams", -1);
    };
    signal.addEventListener("abort", release, { once: true });
    try {
      yield* readLog(deps.store, hub, follower, caller, jobId, after, signal);
    } finally {
      release();
    }
  };
}

async function* readLog(
  store: Store,
  hub: WatchHub,
  follower: Follower,
  caller: Caller,
  jobId: string,
  after: number,
  signal: AbortSignal,
): AsyncGenerator<WatchItem> {
  const job = await ownJob(store, caller, jobId, { withoutExamples: true });
  checkCursor(job, after);
  yield { kind: "job", job };
  if (isTerminal(job.status) && after === job.lastEventId) return;
  let cursor = after;
  for (let why: WakeUp = "appended"; ; ) {
    throwIfAborted(signal);
    const head = follower.head(); // before the read, so that an append during it ends the wait below at once
    const page = await hub.read(jobId, cursor, PAGE_EVENTS);
    const first = page[0];
    if (first !== undefined && first.id > cursor + 1) {
      yield { kind: "truncated", jobId, firstAvailable: first.id, ts: first.ts };
    }
    for (const event of page) {
      throwIfAborted(signal);
      yield { kind: "event", event };
      cursor = event.id;
      if (isTerminalEvent(event)) return;
    }
    if (page.length === PAGE_EVENTS) continue;
    if (why === "poll" && page.length === 0 && !(await logIsThere(store, hub, jobId, cursor))) return;
    why = await follower.wait(Math.max(head, cursor), signal);
  }
}

/** False once the job was removed under its watcher. The last event seen is asked for: cheaper than the job. */
async function logIsThere(store: Store, hub: WatchHub, jobId: string, cursor: number): Promise<boolean> {
  if (cursor > 0 && (await hub.read(jobId, cursor - 1, 1)).length > 0) return true;
  return (await store.getJob(jobId, { withoutExamples: true })) !== undefined;
}
