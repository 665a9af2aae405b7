import { describe, expect, it } from "vitest";
import type { JobEvent } from "../../src/domain/event.ts";
import { createWatchHub } from "../../src/jobs/watch-hub.ts";
import { createFakeClock } from "../support/fake-clock.ts";

/** A store whose reads are answered by hand. */
function heldStore() {
  const reads: { readonly after: number; answer(events: readonly JobEvent[]): void }[] = [];
  let tell: (jobId: string, lastEventId: number) => void = () => undefined;
  return {
    reads,
    tell: (jobId: string, lastEventId: number) => tell(jobId, lastEventId),
    store: {
      events: (_jobId: string, after: number) =>
        new Promise<readonly JobEvent[]>((resolve) => reads.push({ after, answer: resolve })),
      onAppend: (fn: typeof tell) => {
        tell = fn;
        return () => undefined;
      },
    },
  };
}

describe("the watch hub", () => {
  it("reads once for watchers at the same place, and again for one that has heard of a newer event", async () => {
    const { store, reads, tell } = heldStore();
    const hub = createWatchHub(store, createFakeClock());
    const follower = hub.follow("j");
    const first = hub.read("j", 4, 32);
    expect(hub.read("j", 4, 32)).toBe(first);
    expect(reads).toHaveLength(1);
    tell("j", 5); // the read under way may have begun before event 5 was there
    const second = hub.read("j", 4, 32);
    expect(second).not.toBe(first);
    expect(reads).toHaveLength(2);
    const event = { id: 5 } as JobEvent;
    reads[0]?.answer([]);
    reads[1]?.answer([event]);
    expect(await first).toEqual([]);
    expect(await second).toEqual([event]);
    follower.release();
    hub.close();
  });
});
