import { describe, expect, it } from "vitest";
import type { Store } from "../../src/storage/store.ts";
import { createFakeQueue } from "../support/fake-queue.ts";
import {
  aCreatedJob,
  ALICE,
  callsMade,
  callsRecorded,
  emptyStore,
  ended,
  openWorld,
  settle,
  type World,
  type WorldOptions,
} from "../support/job-world.ts";
import { anAnswer, deferred, scriptedModel, untilAborted } from "../support/scripted-model.ts";

/** A job whose worker is silent for so long is given to another; see LEASE_MS. */
const LEASE_MS = 10_000;

/** A reflection model that answers once the gate is open, and not to a run that was stopped. */
function gated() {
  const gate = deferred();
  const model = scriptedModel("reflection", async (_request, call, signal) => {
    await Promise.race([gate.promise, untilAborted(signal)]);
    return anAnswer(`text ${call}`);
  });
  return { model, open: () => gate.resolve() };
}

/** A worker over a queue of its own that takes jobs. */
async function startedWorker(options: WorldOptions = {}) {
  const fake = createFakeQueue();
  const world = await openWorld({ handOut: { kind: "queue", queue: fake.queue }, ...options });
  world.jobs.start();
  await settle();
  return { fake, world };
}

const whyStopped = ({ lines }: World) =>
  lines.filter((line) => line.event === "run_stopped").map((line) => line.fields.reason);

describe("a worker that shares jobs by a queue", () => {
  it("takes as many at once as the limit says, and asks at its start for jobs the queue has forgotten", async () => {
    const { fake } = await startedWorker({ limits: { maxRunningJobs: 3 } });
    expect(fake.places).toBe(3);
    expect(fake.refills).toBe(1);
  });

  it("asks again every minute for jobs the queue has forgotten", async () => {
    const { fake, world } = await startedWorker();
    await world.clock.advance(120_000);
    expect(fake.refills).toBe(3);
  });

  it("runs what it is given and nothing else", async () => {
    const { fake, world } = await startedWorker();
    const [given, waiting] = [await aCreatedJob(world), await aCreatedJob(world, { seed: 2 })];
    await Promise.all([fake.give(given.id), ended(world, given.id)]);
    expect((await world.store.getJob(given.id))?.status).toBe("finished");
    await world.clock.advance(60_000);
    expect((await world.store.getJob(waiting.id))?.status).toBe("pending");
  });

  it("needs no worker for a job that has ended since", async () => {
    const { fake, world } = await startedWorker();
    const job = await aCreatedJob(world);
    await world.jobs.useCases.cancelJob(ALICE, job.id, "", "");
    await expect(fake.give(job.id)).resolves.toBeUndefined();
    await expect(fake.give("nobody")).resolves.toBeUndefined();
    expect((await world.store.getJob(job.id))?.fence).toBe(1); // the cancel's
  });

  it("stops a run whose signs of life do not arrive, before the job can be another's", async () => {
    const { model, open } = gated();
    const { fake, world } = await startedWorker({ reflection: model });
    const job = await aCreatedJob(world);
    const handled = fake.give(job.id);
    await settle();
    await world.clock.advance(6_000); // signs of life arrive
    fake.unreachable = true;
    await world.clock.advance(LEASE_MS - 1);
    const calls = callsMade(world);
    open();
    await expect(handled).rejects.toThrow("the run was stopped");
    expect(whyStopped(world)).toEqual(["lease_lost"]);
    expect((await world.store.getJob(job.id))?.status).toBe("running");
    expect(callsMade(world)).toBe(calls);
    expect(await callsRecorded(world.store, job.id), "the answer to the call under way").toBe(calls);
  });

  for (const [what, drop] of [
    ["a cancel", (world: World, id: string) => world.jobs.useCases.cancelJob(ALICE, id, "", "")],
    ["a shutdown", (world: World) => world.jobs.drain(new AbortController().signal)],
  ] as const) {
    it(`lets calls under way outlive the lease, but not ${what}`, async () => {
      const { fake, world } = await startedWorker({ reflection: gated().model });
      const job = await aCreatedJob(world);
      const handled = fake.give(job.id);
      await settle();
      fake.unreachable = true;
      await world.clock.advance(LEASE_MS);
      expect(world.sums.get("jobs_running")).toBe(1);
      await drop(world, job.id);
      await expect(handled).rejects.toThrow("the run was stopped");
      expect(whyStopped(world)).toEqual(["lease_lost"]);
    });
  }

  it("keeps a run for as long as its signs of life arrive", async () => {
    const { model, open } = gated();
    const { fake, world } = await startedWorker({ reflection: model });
    const job = await aCreatedJob(world);
    const handled = fake.give(job.id);
    await settle();
    await world.clock.advance(10 * LEASE_MS);
    open();
    await Promise.all([handled, ended(world, job.id)]);
    expect(fake.beats).toBeGreaterThan(30);
    expect(whyStopped(world)).toEqual([]);
  });

  it("pays for nothing more once it overslept, even before a timer tells it so", async () => {
    const jump = { ms: 0 };
    const { model, open } = gated();
    const world = await openWorld();
    const { clock } = world;
    const sleeper = { ...clock, monotonic: () => clock.monotonic() + jump.ms };
    const fake = createFakeQueue();
    const worker = await openWorld({
      store: world.store,
      clock: sleeper,
      reflection: model,
      handOut: { kind: "queue", queue: fake.queue },
    });
    worker.jobs.start();
    await settle();
    const job = await aCreatedJob(worker);
    const handled = fake.give(job.id);
    await settle();
    const before = worker.target.requests.length + worker.judge.requests.length;
    jump.ms = 3 * LEASE_MS; // stopped and woken: the answer of the call in flight comes before any timer
    open();
    await expect(handled).rejects.toThrow("the run was stopped");
    expect(worker.target.requests.length + worker.judge.requests.length).toBe(before);
    expect(whyStopped(worker)).toEqual(["lease_lost"]);
  });

  it("stops a run that the queue has given to somebody else, heard at once or at the next sign of life", async () => {
    const { model, open } = gated();
    const { fake, world } = await startedWorker({ reflection: model });
    const [told, untold] = [await aCreatedJob(world), await aCreatedJob(world, { seed: 2 })];
    const handled = [fake.give(told.id), fake.give(untold.id)];
    await settle();
    const calls = callsMade(world);
    fake.withdraw(told.id);
    fake.giveAway(untold.id);
    await world.clock.advance(3_000);
    open();
    await expect(handled[0]).rejects.toThrow("the run was stopped");
    await expect(handled[1]).rejects.toThrow("the run was stopped");
    expect(whyStopped(world)).toEqual(["lease_lost", "lease_lost"]);
    expect(callsMade(world)).toBe(calls);
  });

  it("hands back what it could not finish: a store in trouble, or a fence that was bumped", async () => {
    const store = await emptyStore();
    const { model, open } = gated();
    const { fake, world } = await startedWorker({ store, reflection: model });
    const job = await aCreatedJob(world);
    const handled = fake.give(job.id);
    await settle();
    await store.claim(job.id, "somebody else", 0);
    open();
    await expect(handled).rejects.toThrow("the run was lost");
  });

  it("hands everything back when it shuts down, and takes nothing any more", async () => {
    const { model } = gated();
    const { fake, world } = await startedWorker({ reflection: model });
    const job = await aCreatedJob(world);
    const handled = fake.give(job.id);
    await settle();
    await world.jobs.drain(new AbortController().signal);
    await expect(handled).rejects.toThrow("the run was stopped");
    await expect(fake.give(job.id)).rejects.toThrow("shutting down");
    expect(fake.stopped).toBe(true);
    expect((await world.store.getJob(job.id))?.status).toBe("running");
  });

  it("lets go of a job first where it is given the same one again", async () => {
    const { model, open } = gated();
    const { fake, world } = await startedWorker({ reflection: model });
    const job = await aCreatedJob(world);
    const first = fake.give(job.id);
    await settle();
    const second = fake.give(job.id); // its row was retried, and this node was the fastest
    await settle();
    expect((await world.store.getJob(job.id))?.fence).toBe(1);
    open();
    await Promise.all([first, second, ended(world, job.id)]);
    expect((await world.store.getJob(job.id))?.status).toBe("finished");
  });
});

describe("a cancel on another node", () => {
  /** A node that answers calls only, and a worker, over one store. */
  async function twoNodes(worker: Partial<WorldOptions> = {}) {
    const api = await openWorld({ handOut: { kind: "elsewhere" } });
    const { model } = gated();
    const started = await startedWorker({ store: api.store, reflection: model, ...worker });
    const job = await aCreatedJob(api);
    const handled = started.fake.give(job.id);
    await settle();
    return { api, ...started, job, handled };
  }

  it("reaches the run at once by news", async () => {
    const { api, world, job, handled } = await twoNodes();
    await api.jobs.useCases.cancelJob(ALICE, job.id, "enough", "");
    await expect(handled).rejects.toThrow("the run was stopped");
    expect(whyStopped(world)).toEqual(["cancelled"]);
  });

  it("reaches it with the next sign of life where the news was lost", async () => {
    const deaf = (store: Store): Store => ({ ...store, onChange: () => () => undefined });
    const store = await emptyStore();
    const api = await openWorld({ store, handOut: { kind: "elsewhere" } });
    const { fake, world } = await startedWorker({ store: deaf(store), reflection: gated().model });
    const job = await aCreatedJob(api);
    const handled = fake.give(job.id);
    await settle();
    await api.jobs.useCases.cancelJob(ALICE, job.id, "enough", "");
    await settle();
    expect(whyStopped(world)).toEqual([]);
    await world.clock.advance(3_000);
    await expect(handled).rejects.toThrow("the run was stopped");
    expect(whyStopped(world)).toEqual(["cancelled"]);
  });
});

describe("a node that answers calls only", () => {
  it("runs nothing", async () => {
    const world = await openWorld({ handOut: { kind: "elsewhere" } });
    world.jobs.start();
    const job = await aCreatedJob(world);
    await world.clock.advance(60_000);
    expect((await world.store.getJob(job.id))?.status).toBe("pending");
    await world.jobs.drain(new AbortController().signal);
  });
});
