import { describe, expect, it } from "vitest";
import { readLog } from "../../src/jobs/read-log.ts";
import { emptyStore } from "../support/job-world.ts";
import { anEvent } from "../support/jobs.ts";
import { recordedJob, wrote } from "../support/recorded-jobs.ts";

const MANY = 100;

async function idsRead(lastEventId: number, after?: number): Promise<number[]> {
  const store = await emptyStore();
  const pairs = Array.from({ length: MANY }, (_, i) => [anEvent(i), wrote(`c${i}`)]).flat();
  await recordedJob(store, "job-1", pairs);
  const ids: number[] = [];
  for await (const event of readLog(store, { id: "job-1", lastEventId }, "generate", after))
    ids.push(event.id);
  return ids;
}

describe("reading a log", () => {
  it("gives every event of the type and no other, however many reads that takes", async () => {
    expect(await idsRead(2 * MANY)).toEqual(Array.from({ length: MANY }, (_, i) => 2 * i + 2));
  });

  it("begins after the cursor", async () => {
    expect((await idsRead(2 * MANY, 100))[0]).toBe(102);
    expect(await idsRead(2 * MANY, 2 * MANY)).toEqual([]);
  });

  it("ends where the log ended when the job was read, whatever was recorded since", async () => {
    expect(await idsRead(7)).toEqual([2, 4, 6]);
    expect(await idsRead(0)).toEqual([]);
  });
});
