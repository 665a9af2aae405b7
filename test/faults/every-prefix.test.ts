import { describe, expect, inject, it } from "vitest";
import type { LedgerRow, NewJob, RunWrite, Store } from "../../src/storage/store.ts";
import { emptyStore } from "../support/job-world.ts";
import { tell } from "./program.ts";
import { endingOf, goesOn, openRealWorld, recordedKeys, runThrough, specRequest } from "./world.ts";

const SPEC = specRequest(
  inject("form") === "long" ? { examples: 24, iterations: 80 } : { examples: 8, iterations: 10 },
);

/** One durable write of a job's life, in the order of the log. */
type Entry =
  | { readonly kind: "create"; readonly input: NewJob }
  | { readonly kind: "claim"; readonly worker: string; readonly nowMs: number }
  | { readonly kind: "append"; readonly write: RunWrite }
  | { readonly kind: "call"; readonly row: LedgerRow };

/** Notes every write of a job as it becomes durable. */
function journalling(store: Store, journal: Entry[]): Store {
  return {
    ...store,
    async createJob(input) {
      const outcome = await store.createJob(input);
      journal.push({ kind: "create", input });
      return outcome;
    },
    async claim(jobId, worker, nowMs) {
      const job = await store.claim(jobId, worker, nowMs);
      if (job !== undefined) journal.push({ kind: "claim", worker, nowMs });
      return job;
    },
    async append(jobId, fence, write) {
      const events = await store.append(jobId, fence, write);
      journal.push({ kind: "append", write });
      return events;
    },
    async recordCall(row) {
      const stands = await store.recordCall(row);
      journal.push({ kind: "call", row });
      return stands;
    },
  };
}

/**
 * A write of several events as writes of one event each, which a crash could have left just as well: the checkpoint
 * stands behind the event it was taken after, the end of the job behind the last.
 */
function oneByOne(write: RunWrite): RunWrite[] {
  const { events, checkpoint, status, result, failure, ...rest } = write;
  const before = write.engineOrdinal - events.filter((event) => event.type !== "finished").length;
  const taken =
    checkpoint === undefined ? undefined : (JSON.parse(checkpoint) as { ordinal: number }).ordinal;
  const parts = events.map((event, i): RunWrite => {
    const engineOrdinal = Math.min(write.engineOrdinal, before + i + 1);
    return {
      ...rest,
      events: [event],
      engineOrdinal,
      ...(checkpoint !== undefined && taken === engineOrdinal ? { checkpoint } : {}),
    };
  });
  const last = parts.pop() ?? { ...rest, events: [], ...(checkpoint === undefined ? {} : { checkpoint }) };
  const late = checkpoint !== undefined && (taken ?? 0) <= before ? { checkpoint } : {};
  return [
    ...parts,
    {
      ...last,
      ...late,
      ...(status === undefined ? {} : { status }),
      ...(result === undefined ? {} : { result }),
      ...(failure === undefined ? {} : { failure }),
    },
  ];
}

async function play(store: Store, jobId: string, entries: readonly Entry[]): Promise<void> {
  for (const entry of entries) {
    if (entry.kind === "create") await store.createJob(entry.input);
    else if (entry.kind === "claim") await store.claim(jobId, entry.worker, entry.nowMs);
    else if (entry.kind === "append") await store.append(jobId, 1, entry.write);
    else await store.recordCall(entry.row);
  }
}

describe("a job whose log breaks off", () => {
  it("comes to the same end from every prefix, and pays for no recorded call again", async () => {
    const journal: Entry[] = [];
    const golden = await openRealWorld(journalling(await emptyStore(), journal));
    const job = await runThrough(golden, SPEC);
    const wanted = await endingOf(golden.store, job.id);
    expect(wanted.status).toBe("finished");
    const paid = await recordedKeys(golden.store, job.id);

    const life = journal.flatMap((entry): Entry[] =>
      entry.kind === "append" ? oneByOne(entry.write).map((write) => ({ kind: "append", write })) : [entry],
    );
    const ends = life.flatMap((entry, i) => (entry.kind === "append" ? [i] : []));
    for (const end of ends) {
      const store = await emptyStore();
      await play(store, job.id, life.slice(0, end + 1));
      const why = `after write ${end} of ${life.length}`;
      const recorded = await recordedKeys(store, job.id);
      const world = await goesOn(store, job.id, wanted, why);
      expect(world.asked.length, why).toBe(paid.size - recorded.size);
      world.jobs.close();
      await store.close();
    }
    tell(
      `${ends.length} prefixes of a log of ${wanted.log.length} events and ${paid.size} calls: same end, 0 recorded calls made again`,
    );
    expect(ends.length).toBeGreaterThanOrEqual(wanted.log.length);
  });
});
