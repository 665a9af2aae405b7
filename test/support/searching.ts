import type { SpecRequest } from "../../src/domain/spec-request.ts";
import type { Role } from "../../src/domain/spend.ts";
import { optimise } from "../../src/engine/optimise.ts";
import { checkGrader } from "../../src/graders/check-grader.ts";
import { createGrader } from "../../src/graders/registry.ts";
import { createDemoModel } from "../../src/models/demo/demo-model.ts";
import { createFakeClock } from "./fake-clock.ts";
import { openWorld, type World, type WorldOptions } from "./job-world.ts";
import { type ScriptedModel, scriptedModel } from "./scripted-model.ts";

/** Three iterations over eighteen examples, so that there are a test split, a front and a report. */
export const SEARCH: Partial<SpecRequest> = {
  components: { prompt: "Answer the question." },
  examples: Array.from({ length: 18 }, (_, i) => ({
    input: `What is ${i} plus ${i + 3}?`,
    ideal: `The sum is ${2 * i + 3}, because ${i} and ${i + 3} make ${2 * i + 3}.`,
  })),
  budget: { maxIterations: 3 },
};

/** The simulated model of a role, whose calls are counted; `before` runs ahead of each answer. */
export function countedDemo(role: Role, before: () => Promise<void> = async () => undefined): ScriptedModel {
  const model = createDemoModel(role, `demo/${role}`, { clock: createFakeClock(), latencyMs: 0 });
  const overrides = model.price === undefined ? {} : { price: model.price };
  return scriptedModel(
    model.id,
    async (request, _call, signal) => {
      await before();
      return model.call(request, signal);
    },
    overrides,
  );
}

/** A world with the engine, the graders and the simulated models that the service has. */
export function searching(options: WorldOptions = {}): Promise<World> {
  return openWorld({
    optimise,
    graders: { create: createGrader, check: checkGrader },
    target: countedDemo("target"),
    judge: countedDemo("judge"),
    reflection: countedDemo("reflection"),
    ...options,
  });
}
