import { describe, expect, it } from "vitest";
import type { SpecRequest } from "../../src/domain/spec-request.ts";
import type { Role } from "../../src/domain/spend.ts";
import { optimise } from "../../src/engine/optimise.ts";
import { checkGrader } from "../../src/graders/check-grader.ts";
import { createGrader } from "../../src/graders/registry.ts";
import { createDemoModel } from "../../src/models/demo/demo-model.ts";
import type { Store } from "../../src/storage/store.ts";
import { type Death, dyingStore } from "../support/dying-store.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import {
  aCreatedJob,
  callsMade,
  callsRecorded,
  decisions,
  emptyStore,
  ended,
  logOf,
  openWorld,
  settle,
  type World,
} from "../support/job-world.ts";
import { type ScriptedModel, scriptedModel } from "../support/scripted-model.ts";

/** Three iterations over eighteen examples, so that there are a test split, a front and a report. */
const REQUEST: Partial<SpecRequest> = {
  components: { prompt: "Answer the question." },
  examples: Array.from({ length: 18 }, (_, i) => ({
    input: `What is ${i} plus ${i + 3}?`,
    ideal: `The sum is ${2 * i + 3}, because ${i} and ${i + 3} make ${2 * i + 3}.`,
  })),
  budget: { maxIterations: 3 },
};

/** Every n-th write is tried: each is like its neighbours, and a search makes hundreds. */
const STRIDE = { append: 5, recordCall: 31 } as const;

/** The simulated model of a role, whose calls are counted. */
function demo(role: Role): ScriptedModel {
  const model = createDemoModel(role, `demo/${role}`, { clock: createFakeClock(), latencyMs: 0 });
  const overrides = model.price === undefined ? {} : { price: model.price };
  return scriptedModel(model.id, (request, _call, signal) => model.call(request, signal), overrides);
}

function searching(store: Store): Promise<World> {
  return openWorld({
    store,
    optimise,
    graders: { create: createGrader, check: checkGrader },
    target: demo("target"),
    judge: demo("judge"),
    reflection: demo("reflection"),
  });
}

async function undisturbed() {
  const store = await emptyStore();
  const world = await searching(store);
  world.jobs.start();
  const { id } = await aCreatedJob(world, REQUEST);
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
        const first = await searching(dying.store);
        first.jobs.start();
        const { id } = await aCreatedJob(first, REQUEST);
        await Promise.race([dying.death, ended(first, id).catch(() => undefined)]);
        await settle();
        await first.jobs.drain(new AbortController().signal);
        const recorded = await callsRecorded(store, id);

        const second = await searching(store);
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
