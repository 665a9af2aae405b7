import { describe, expect, it } from "vitest";
import type { Store } from "../../src/storage/store.ts";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { ALICE, emptyStore, ended, logOf } from "../support/job-world.ts";
import { endingOf, openRealWorld, runThrough, specRequest } from "./world.ts";

const DAY_MS = 86_400_000;
const TTL_MS = 600_000;
const SPEC = specRequest({ examples: 6, iterations: 5 });

/** A clock whose wall time can be set to anything; what only grows goes on as it did. */
interface JumpingClock extends FakeClock {
  /** Sets wall time this far from where it should be. */
  jump(offsetMs: number): void;
}

function jumpingClock(): JumpingClock {
  const clock = createFakeClock();
  let offset = 0;
  return {
    ...clock,
    now: () => clock.now() + offset,
    jump(offsetMs) {
      offset = offsetMs;
    },
  };
}

/** Jumps before every write of a run. */
function jumpingAt(store: Store, clock: JumpingClock, offsets: readonly number[]): Store {
  let writes = 0;
  const jump = () => clock.jump(offsets[writes++ % offsets.length] ?? 0);
  return {
    ...store,
    append: (...args) => {
      jump();
      return store.append(...args);
    },
    recordCall: (row) => {
      jump();
      return store.recordCall(row);
    },
  };
}

describe("a wall clock that jumps", () => {
  const cases = {
    "ahead by 40 days": [40 * DAY_MS],
    "back by 40 days": [-40 * DAY_MS],
    "to and fro by 40 days": [40 * DAY_MS, -40 * DAY_MS, 0],
    "back by a second at each write": [-1000, -2000, -3000, -4000, -5000],
  };
  for (const [how, offsets] of Object.entries(cases)) {
    it(`changes nothing but times: ${how}`, async () => {
      const calm = await openRealWorld(await emptyStore());
      const calmJob = await runThrough(calm, SPEC);
      const clock = jumpingClock();
      const store = jumpingAt(await emptyStore(clock), clock, offsets);
      const world = await openRealWorld(store, { clock });
      const limited = { ...SPEC, budget: { ...SPEC.budget, maxWallTimeS: 3600 } };
      const job = await runThrough(world, limited);
      const log = await logOf(store, job.id);
      expect(log.map((event) => event.id)).toEqual(log.map((_, i) => i + 1));
      const { champion, status } = await endingOf(store, job.id);
      const wanted = await endingOf(calm.store, calmJob.id);
      expect({ champion, status }).toEqual({ champion: wanted.champion, status: wanted.status });
      const ran = await store.getJob(job.id);
      expect(ran?.result?.stopReason).toBe("iterations"); // an hour of running time has not passed
      expect(ran?.progress.elapsedMs).toBe(0); // time stood still but for the jumps
    });
  }

  it("wakes every watcher, and every job is listed once", async () => {
    const clock = jumpingClock();
    const world = await openRealWorld(await emptyStore(clock), { clock });
    world.jobs.start();
    const created: string[] = [];
    for (const days of [0, 40, -40, 1, -1]) {
      clock.jump(days * DAY_MS);
      const { job } = await world.jobs.useCases.createJob(ALICE, { spec: SPEC, fingerprint: "f" });
      created.push(job.id);
    }
    await Promise.all(created.map((id) => ended(world, id)));
    const listed: string[] = [];
    let token = "";
    do {
      const page = await world.jobs.useCases.listJobs(ALICE, { pageSize: 2, pageToken: token });
      listed.push(...page.items.map((job) => job.id));
      token = page.nextPageToken;
    } while (token !== "");
    expect([...listed].sort()).toEqual([...created].sort());
  });

  it("keeps an idempotency key for its time by the calendar, and through a step back", async () => {
    const clock = jumpingClock();
    const world = await openRealWorld(await emptyStore(clock), {
      clock,
      limits: { idempotencyTtlMs: TTL_MS },
    });
    const create = async () =>
      world.jobs.useCases.createJob(ALICE, { spec: SPEC, fingerprint: "f", requestId: "key" });
    const first = await create();
    for (const offset of [TTL_MS - 1, -DAY_MS, -40 * DAY_MS, 0]) {
      clock.jump(offset);
      await world.store.expireIdempotency(clock.now() - TTL_MS); // what the sweep does
      expect(await create(), `${offset} ms`).toMatchObject({ replayed: true, job: { id: first.job.id } });
    }
    clock.jump(40 * DAY_MS);
    expect(await create()).toMatchObject({ replayed: false });
  });
});
