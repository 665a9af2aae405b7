import { describe, expect, test } from "vitest";
import { aCancel, anEvent, aRequestTo, aWrite } from "../../support/jobs.ts";
import { LATER, type StoreUnderTest } from "./under-test.ts";

/** What a worker that is not alone needs to know of its jobs. */
export function describeSharing(place: StoreUnderTest): void {
  const { running, inStatus } = place;

  describe("standings", () => {
    test("say whose the jobs are and where they stand; jobs that are not there are left out", async () => {
      await inStatus("waiting", "pending");
      await running("taken");
      await place.store.claim("taken", "w2", LATER);
      await inStatus("over", "cancelled");
      const standings = await place.store.standings(["waiting", "taken", "over", "nobody"]);
      expect(standings.toSorted((a, b) => a.id.localeCompare(b.id))).toEqual([
        { id: "over", status: "cancelled", fence: 1 },
        { id: "taken", status: "running", fence: 2 },
        { id: "waiting", status: "pending", fence: 0 },
      ]);
      expect(await place.store.standings([])).toEqual([]);
    });
  });

  describe("news of changes", () => {
    test("are told of each change from outside a run, with or without events, and of nothing else", async () => {
      const told: unknown[] = [];
      const end = place.store.onChange((...news) => told.push(news));
      const { fence } = await running("j1");
      await place.store.append("j1", fence, aWrite([anEvent(1)]));
      await place.store.change("j1", aRequestTo("stop"));
      await expect.poll(() => told).toEqual([["j1", 1]]);
      await place.store.change("j1", aCancel());
      await expect.poll(() => told.at(-1)).toEqual(["j1", 2]);
      await place.store.change("j1", aCancel()); // too late: changes nothing
      end();
      expect(told).toHaveLength(2);
    });
  });
}
