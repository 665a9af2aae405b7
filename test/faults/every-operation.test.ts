import { join } from "node:path";
import { describe, expect, inject, it } from "vitest";
import { type Death, dyingStore } from "../support/dying-store.ts";
import { ALICE, emptyStore, ended, settle } from "../support/job-world.ts";
import { tell } from "./program.ts";
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

const SPEC = specRequest(
  inject("form") === "long" ? { examples: 16, iterations: 6 } : { examples: 4, iterations: 3 },
);

const KEY = { spec: SPEC, fingerprint: "f", requestId: "once" };

/** Lets a process die over a file and another one go on over what is left; false once nothing died any more. */
async function survives(path: string, death: Death, wanted: Ending): Promise<boolean> {
  const why = JSON.stringify(death);
  const first = await openFile(path);
  const dying = dyingStore(first, death);
  const before = await openRealWorld(dying.store);
  before.jobs.start();
  const created = await before.jobs.useCases.createJob(ALICE, KEY).catch(() => undefined);
  if (created !== undefined) {
    await Promise.race([dying.death, ended(before, created.job.id).catch(() => undefined)]);
  }
  await settle();
  await before.jobs.drain(new AbortController().signal, AbortSignal.abort()); // the dead book nothing
  before.jobs.close();
  await first.close();

  const second = await openFile(path);
  const after = await openRealWorld(second);
  const { job } = await after.jobs.useCases.createJob(ALICE, KEY); // whoever got no answer asks again
  expect(job.id, why).toBe(created?.job.id ?? job.id);
  const alreadyPaid = await recordedKeys(second, job.id);
  const world = await goesOn(second, job.id, wanted, why);
  const twice = before.asked.filter((key) => world.asked.includes(key));
  expect(
    twice.filter((key) => alreadyPaid.has(key)),
    why,
  ).toEqual([]);
  after.jobs.close();
  await second.close();
  return dying.isDead();
}

describe("a process that dies at any operation of its store", () => {
  for (const when of ["before", "after"] as const) {
    it(`is followed by one that decides the same and pays for no recorded call again: ${when} it is done`, async () => {
      const calm = await openRealWorld(await emptyStore());
      const job = await runThrough(calm, SPEC);
      const wanted = await endingOf(calm.store, job.id);
      expect(wanted.status).toBe("finished");
      const place = await folder();
      let at = 1;
      while (await survives(join(place, `${at}.db`), { at, write: "any", when }, wanted)) at++;
      tell(
        `crash ${when} each of ${at - 1} operations: 0 recorded calls made again, same events and champion`,
      );
      expect(at).toBeGreaterThan(calm.asked.length);
    });
  }
});
