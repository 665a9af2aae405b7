import { describe, expect, it } from "vitest";
import { type Death, dyingStore } from "../support/dying-store.ts";
import {
  aCreatedJob,
  ALICE,
  callsMade,
  callsRecorded,
  decisions,
  emptyStore,
  ended,
  logOf,
  openWorld,
  settle,
} from "../support/job-world.ts";
import { scriptedEngine } from "../support/scripted-engine.ts";

async function undisturbed(checkpoints: boolean): Promise<{ readonly log: unknown; readonly calls: number }> {
  const world = await openWorld({ optimise: scriptedEngine({ checkpoints }) });
  world.jobs.start();
  const job = await aCreatedJob(world);
  await ended(world, job.id);
  return { log: decisions(await logOf(world.store, job.id)), calls: callsMade(world) };
}

/** Lets a process die, starts another one over what is left, and compares; false once nothing died any more. */
async function survives(
  death: Death,
  checkpoints: boolean,
  { log, calls }: Awaited<ReturnType<typeof undisturbed>>,
): Promise<boolean> {
  const store = await emptyStore();
  const dying = dyingStore(store, death);
  const optimise = scriptedEngine({ checkpoints });
  const first = await openWorld({ store: dying.store, optimise });
  first.jobs.start();
  const job = await aCreatedJob(first);
  await Promise.race([dying.death, ended(first, job.id).catch(() => undefined)]);
  await settle();
  await first.jobs.drain(new AbortController().signal, AbortSignal.abort());
  const recorded = await callsRecorded(store, job.id);

  const second = await openWorld({ store, optimise });
  second.jobs.start();
  await ended(second, job.id);
  expect(decisions(await logOf(store, job.id)), JSON.stringify(death)).toEqual(log);
  expect(callsMade(second), JSON.stringify(death)).toBe(calls - recorded);
  const { status, progress } = await second.jobs.useCases.getJob(ALICE, job.id);
  expect(status).toBe("finished");
  expect(progress.spend.reduce((sum, role) => sum + role.calls, 0)).toBe(calls);
  expect(progress.bestSoFar?.components).toEqual({ prompt: "reflection: improve 3" });
  return dying.isDead();
}

describe("a job whose process dies", () => {
  for (const write of ["append", "recordCall"] as const) {
    for (const when of ["before", "after"] as const) {
      for (const checkpoints of [true, false]) {
        const how = `${when} any ${write}, ${checkpoints ? "with" : "without"} checkpoints`;
        it(`goes on as if nothing had happened and pays no recorded call again: ${how}`, async () => {
          const whole = await undisturbed(checkpoints);
          let at = 1;
          while (await survives({ at, write, when }, checkpoints, whole)) at++;
          expect(at).toBeGreaterThan(5);
        });
      }
    }
  }

  it("is taken up by the next start and says so in the log", async () => {
    const store = await emptyStore();
    const dying = dyingStore(store, { at: 2, write: "append", when: "before" });
    const first = await openWorld({ store: dying.store });
    first.jobs.start();
    const job = await aCreatedJob(first);
    await dying.death;
    await settle();
    expect(first.lines.map((l) => l.event)).toContain("run_interrupted");
    expect(await store.getJob(job.id)).toMatchObject({ status: "running", fence: 1 });

    const second = await openWorld({ store });
    second.jobs.start();
    await ended(second, job.id);
    expect(second.lines.map((l) => l.event)).toContain("job_taken_up");
    expect(await store.getJob(job.id)).toMatchObject({ status: "finished", fence: 2 });
  });
});
