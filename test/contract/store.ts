import { describe, expect, test } from "vitest";
import type { Job } from "../../src/domain/job.ts";
import { aCall, aJob, anEvent, aRecord, aWrite } from "../support/jobs.ts";
import { describeControlling } from "./store/controlling.ts";
import { describeCreating } from "./store/creating.ts";
import { describeReading } from "./store/reading.ts";
import { describeRunning } from "./store/running.ts";
import { describeSharing } from "./store/sharing.ts";
import { LATER, openForEach, type StorePlace } from "./store/under-test.ts";

/** What every store promises. */
export function describeStore(name: string, newPlace: () => Promise<StorePlace>): void {
  describe(name, () => {
    const underTest = openForEach(newPlace);
    describeCreating(underTest);
    describeRunning(underTest);
    describeControlling(underTest);
    describeReading(underTest);
    describeSharing(underTest);
  });
}

/** What stores promise besides whose data outlives them. */
export function describeDurableStore(name: string, newPlace: () => Promise<StorePlace>): void {
  describe(`${name}, opened again`, () => {
    test("everything that was acknowledged is there", async () => {
      const place = await newPlace();
      const first = await place.open();
      const idempotency = aRecord("k");
      const job = aJob("j1");
      await first.createJob({ job, idempotency, maxOpenJobsPerOwner: 9 });
      const claimed = (await first.claim("j1", "w1", LATER)) as Job;
      const events = await first.append("j1", claimed.fence, aWrite([anEvent(1)], { checkpoint: "state" }));
      await first.recordCall(aCall("j1", "k1"));
      const before = await first.getJob("j1");
      await first.close();

      const second = await place.open();
      expect(await second.getJob("j1")).toEqual(before);
      expect(await second.events("j1", 0, 10)).toEqual(events);
      expect(await second.checkpoint("j1")).toBe("state");
      expect(await second.call("j1", "k1")).toEqual(aCall("j1", "k1"));
      const again = await second.createJob({ job: aJob("j2"), idempotency, maxOpenJobsPerOwner: 9 });
      expect(again).toEqual({ kind: "replayed", job });
      const next = await second.append("j1", claimed.fence, aWrite([anEvent(2)]));
      expect(next.map((event) => event.id)).toEqual([2]);
      await second.close();
      await place.remove();
    });
  });
}
