import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { createRng, type Rng } from "../../src/base/rng.ts";
import { isTerminalEvent } from "../../src/domain/event.ts";
import { isTerminal } from "../../src/domain/job.ts";
import type { Store } from "../../src/storage/store.ts";
import { logOf } from "../support/job-world.ts";
import { STORE_FILES } from "./ledger-image.ts";
import { seedOf, tell } from "./program.ts";
import {
  type Ending,
  endingOf,
  folder,
  goesOn,
  openFile,
  openRealWorld,
  recordedKeys,
  runThrough,
  specRequest,
} from "./world.ts";

const LONG = inject("form") === "long";
const SPEC = specRequest(LONG ? { examples: 24, iterations: 30 } : { examples: 8, iterations: 5 });

/** Images tried, and every which of them is run to its end. */
const IMAGES = LONG ? 1000 : 200;
const RUN_EVERY = LONG ? 10 : 8;

/** Sizes of the write-ahead log's format (https://sqlite.org/fileformat2.html#the_write_ahead_log). */
const WAL_HEADER = 32;
const WAL_FRAME = 24 + 4096;

/** The files as the disk holds them right after an acknowledged write, and what had been acknowledged by then. */
interface Moment {
  readonly db: Buffer;
  readonly wal: Buffer;
  readonly calls: number;
  readonly events: number;
}

/** Keeps the files after every write of a run. */
function photographing(store: Store, path: string, moments: Moment[]): Store {
  let calls = 0;
  let events = 0;
  const photograph = () => {
    const [db, wal] = STORE_FILES.map((name) => readFileSync(join(path, name)));
    moments.push({ db: db ?? Buffer.alloc(0), wal: wal ?? Buffer.alloc(0), calls, events });
  };
  return {
    ...store,
    async append(jobId, fence, write) {
      const appended = await store.append(jobId, fence, write);
      events = Math.max(events, appended.at(-1)?.id ?? 0);
      photograph();
      return appended;
    },
    async recordCall(row) {
      const stands = await store.recordCall(row);
      calls++;
      photograph();
      return stands;
    },
  };
}

/** A log whose last bytes are gone, or are not what was written: at a frame's edge as often as within one. */
function damaged(rng: Rng, wal: Buffer, from: number): Buffer {
  const frames = Math.floor((wal.length - WAL_HEADER) / WAL_FRAME);
  const edge = WAL_HEADER + rng.below(frames + 1) * WAL_FRAME + rng.choice([-1, 0, 1, 24]);
  const at = Math.min(wal.length, Math.max(from, rng.random() < 0.5 ? edge : rng.below(wal.length + 1)));
  const kept = Buffer.from(wal.subarray(0, at));
  const lost = wal.length - at;
  switch (rng.choice(["cut", "zeros", "noise", "flipped"] as const)) {
    case "cut":
      return kept;
    case "zeros":
      return Buffer.concat([kept, Buffer.alloc(lost)]);
    case "noise":
      return Buffer.concat([
        kept,
        Buffer.from(Array.from({ length: Math.min(lost, 9000) }, () => rng.below(256))),
      ]);
    case "flipped": {
      const copy = Buffer.from(wal);
      if (at < copy.length) copy[at] = (copy[at] ?? 0) ^ (1 << rng.below(8));
      return copy;
    }
  }
}

/** Holds the store to its own rules: a log without gap, an end that the log shows, books that can be read. */
async function expectConsistent(
  store: Store,
  jobId: string,
  why: string,
): Promise<{ events: number; calls: number }> {
  const job = await store.getJob(jobId);
  const calls = await recordedKeys(store, jobId);
  const log = await logOf(store, jobId);
  expect(
    log.map((event) => event.id),
    why,
  ).toEqual(log.map((_, i) => i + 1));
  expect(log.length, why).toBe(job?.lastEventId ?? 0);
  const last = log.at(-1);
  expect(job !== undefined && isTerminal(job.status), why).toBe(last !== undefined && isTerminalEvent(last));
  for await (const row of store.calls(jobId)) expect(() => JSON.parse(row.outcome), why).not.toThrow();
  return { events: log.length, calls: calls.size };
}

describe("a store whose write-ahead log has a torn tail", () => {
  it("opens with a prefix of what was done, keeps all that was synced, and its job goes on to the same end", async () => {
    const rng = createRng({ seed: seedOf("torn tails") });
    const path = await folder();
    const moments: Moment[] = [];
    const original = await openFile(join(path, STORE_FILES[0]));
    const golden = await openRealWorld(photographing(original, path, moments));
    const job = await runThrough(golden, SPEC);
    const wanted: Ending = await endingOf(original, job.id);
    expect(wanted.status).toBe("finished");
    golden.jobs.close();
    await original.close();

    let tried = 0;
    let kept = 0;
    let went = 0;
    for (let image = 0; tried < IMAGES; image++) {
      const n = rng.below(moments.length - 1);
      const [synced, next] = [moments[n]!, moments[n + 1]!];
      // What was written after the last sync may be torn; what was synced may be, too, while no page has left the log.
      const isContinued = next.wal.length > synced.wal.length && next.db.equals(synced.db);
      const tearsUnsynced = isContinued && rng.random() < 0.5;
      if (!tearsUnsynced && !synced.db.equals(moments[0]!.db)) continue;
      const wal = tearsUnsynced ? damaged(rng, next.wal, synced.wal.length) : damaged(rng, synced.wal, 0);
      tried++;
      const place = await folder();
      writeFileSync(join(place, STORE_FILES[0]), synced.db);
      writeFileSync(join(place, STORE_FILES[1]), wal);
      const why = `image ${image}: moment ${n}, log of ${wal.length} bytes, ${synced.wal.length} synced`;
      const store = await openFile(join(place, STORE_FILES[0]));
      const found = await expectConsistent(store, job.id, why);
      const promised = tearsUnsynced ? synced : { events: 0, calls: 0 };
      expect(found.events, why).toBeGreaterThanOrEqual(promised.events);
      expect(found.calls, why).toBeGreaterThanOrEqual(promised.calls);
      if (tearsUnsynced) kept++;
      if (tried % RUN_EVERY === 0 && (await store.getJob(job.id)) !== undefined) {
        const world = await goesOn(store, job.id, wanted, why);
        world.jobs.close();
        went++;
      }
      await store.close();
    }
    tell(
      `${tried} crash images of ${moments.length} moments: all open and consistent; ${kept} with all that was synced; ${went} run to the same end`,
    );
    expect(Math.min(kept, went)).toBeGreaterThan(0);
  });
});
