import { describe, expect, it } from "vitest";
import { type Death, dyingStore } from "../support/dying-store.ts";
import {
  aCreatedJob,
  callsMade,
  callsRecorded,
  decisions,
  emptyStore,
  ended,
  logOf,
  settle,
} from "../support/job-world.ts";
import { SEARCH, searching } from "../support/searching.ts";

/** Every n-th write is tried: each is like its neighbours, and a search makes hundreds. */
const STRIDE = { append: 5, recordCall: 31 } as const;

async function undisturbed() {
  const store = await emptyStore();
  const world = await searching({ store });
  world.jobs.start();
  const { id } = await aCreatedJob(world, SEARCH);
  await ended(world, id);
  return { log: decisions(await logOf(store, id)), calls: callsMade(world), job: await store.getJob(id) };
}

describe("a search whose process dies", () => {
  for (const write of ["append", "recordCall"] as const) {
    it(`ends as if nothing had happened, and pays no recorded call again, wherever it died: ${write}`, async () => {
      const whole = await undisturbed();
      expect(whole.job).toMatchObject({ status: "finished", progress: { iteration: 3 } });
      let deaths = 0;
      for (let at = 1, died = true; died; at += STRIDE[write]) {
        const death: Death = { at, write, when: "after" };
        const store = await emptyStore();
        const dying = dyingStore(store, death);
        const first = await searching({ store: dying.store });
        first.jobs.start();
        const { id } = await aCreatedJob(first, SEARCH);
        await Promise.race([dying.death, ended(first, id).catch(() => undefined)]);
        await settle();
        await first.jobs.drain(new AbortController().signal, AbortSignal.abort());
        const recorded = await callsRecorded(store, id);

        const second = await searching({ store });
        second.jobs.start();
        await ended(second, id);
        const where = JSON.stringify(death);
        expect(decisions(await logOf(store, id)), where).toEqual(whole.log);
        expect(callsMade(second), where).toBe(whole.calls - recorded);
        expect((await store.getJob(id))?.progress.spend, where).toEqual(whole.job?.progress.spend);
        died = dying.isDead();
        if (died) deaths++;
      }
      expect(deaths).toBeGreaterThan(2);
    });
  }
});
