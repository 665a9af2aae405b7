import { describe, expect, it } from "vitest";
import { silentLogger } from "../../src/base/log.ts";
import { AppError } from "../../src/base/errors.ts";
import { type CallOutcome, openLedger } from "../../src/jobs/ledger.ts";
import { RunStopped } from "../../src/jobs/running-jobs.ts";
import { createTurns } from "../../src/jobs/turns.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { emptyStore } from "../support/job-world.ts";
import { aJob } from "../support/jobs.ts";
import { anAnswer } from "../support/scripted-model.ts";

const never = () => new AbortController().signal;

const PAID: CallOutcome = { kind: "answer", response: anAnswer("paid") };
const FAILED: CallOutcome = { kind: "failure", failure: "timeout", message: "no answer in time" };

/** The books of a job, over a store that is away until it is let back. */
async function ledgerOfStoreAway() {
  const clock = createFakeClock();
  const store = await emptyStore();
  const job = aJob("job");
  await store.createJob({ job, maxOpenJobsPerOwner: 1 });
  let isAway = true;
  const away = {
    ...store,
    recordCall: async (row: Parameters<typeof store.recordCall>[0]) => {
      if (isAway) throw new AppError("storage_unavailable", "away");
      return store.recordCall(row);
    },
  };
  const [run, closing] = [new AbortController(), new AbortController()];
  const lines: string[] = [];
  const told = (event: string, fields: object = {}) => void lines.push(`${event} ${JSON.stringify(fields)}`);
  const log = { ...silentLogger, info: told, warn: told };
  const deps = { clock, log, turns: createTurns(), closing: closing.signal };
  return {
    clock,
    lines,
    run,
    closing,
    ledger: await openLedger({ ...deps, store: away }, job, run.signal),
    /** The books as another run of the job finds them. */
    reopened: () => openLedger({ ...deps, store }, job, never()),
    letBack() {
      isAway = false;
    },
  };
}

describe("the books while the store is away", () => {
  it("keep what came of a call until it can be booked", async () => {
    const { clock, ledger, reopened, letBack } = await ledgerOfStoreAway();
    const booked = Promise.all([ledger.record("a", "target", PAID), ledger.record("b", "judge", FAILED)]);
    await clock.untilSleeping(2);
    letBack();
    await clock.advance(1_000);
    expect(await booked).toEqual([PAID, FAILED]);
    const found = await reopened();
    expect(await Promise.all([found.find("a"), found.find("b")])).toEqual([PAID, FAILED]);
  });

  it("keep an answer beyond its run, but no failure: another run may have had an answer since", async () => {
    const { clock, run, ledger, reopened, letBack } = await ledgerOfStoreAway();
    const booked = Promise.allSettled([
      ledger.record("a", "target", PAID),
      ledger.record("b", "judge", FAILED),
    ]);
    await clock.untilSleeping(2);
    const lost = new RunStopped("lease_lost");
    run.abort(lost);
    letBack();
    await clock.advance(1_000);
    expect(await booked).toEqual([
      { status: "fulfilled", value: PAID },
      { status: "rejected", reason: lost },
    ]);
    const found = await reopened();
    expect(await Promise.all([found.find("a"), found.find("b")])).toEqual([PAID, undefined]);
  });

  it("take no failure after the run, though the store is well", async () => {
    const { run, ledger, reopened, letBack } = await ledgerOfStoreAway();
    const lost = new RunStopped("lease_lost");
    run.abort(lost);
    letBack();
    await expect(ledger.record("b", "judge", FAILED)).rejects.toBe(lost);
    expect(await (await reopened()).find("b")).toBeUndefined();
  });

  it("tell that answers wait and that they are booked, once however many there are and however long", async () => {
    const { clock, lines, ledger, letBack } = await ledgerOfStoreAway();
    const booked = Promise.all(["a", "b", "c"].map((key) => ledger.record(key, "target", PAID)));
    await clock.untilSleeping(3);
    await clock.advance(60_000);
    expect(lines).toEqual(['answers_waiting {"job_id":"job"}']);
    letBack();
    await clock.advance(1_000);
    await booked;
    await ledger.record("d", "target", PAID);
    expect(lines.slice(1)).toEqual(['answers_booked {"job_id":"job","booked":3,"lost":0}']);
  });

  it("keep nothing beyond the process", async () => {
    const { clock, closing, lines, ledger } = await ledgerOfStoreAway();
    const booked = ledger.record("a", "target", PAID);
    await clock.untilSleeping();
    const over = new RunStopped("draining");
    closing.abort(over);
    await expect(booked).rejects.toBe(over);
    expect(lines.at(-1)).toBe('answers_lost {"job_id":"job","booked":0,"lost":1}');
  });
});
