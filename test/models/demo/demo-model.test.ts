import { describe, expect, it } from "vitest";
import { fence } from "../../../src/domain/fence.ts";
import { ROLES } from "../../../src/domain/spend.ts";
import { createDemoModel } from "../../../src/models/demo/demo-model.ts";
import type { ModelRequest } from "../../../src/models/model.ts";
import { modelContract } from "../../contract/model.ts";
import { createFakeClock } from "../../support/fake-clock.ts";

const never = new AbortController().signal;

function ask(...contents: string[]): ModelRequest {
  return {
    messages: contents.map((content) => ({ role: "user", content })),
    maxTokens: 1000,
    sampleIndex: 0,
  };
}

const REQUESTS = {
  target: ask("How do tides work?"),
  judge: ask(
    fence("rubric", "Be right."),
    fence("input", "2 + 2?"),
    fence("ideal", "4"),
    fence("output", "It is 4"),
  ),
  reflection: ask(
    fence("current_prompt.main", "Add."),
    fence("input", "2 + 2?"),
    fence("ideal", "4"),
    fence("output", "five"),
  ),
};

for (const role of ROLES) {
  modelContract(`demo/${role}`, () => ({
    model: createDemoModel(role, `demo/${role}`, { clock: createFakeClock(), latencyMs: 0 }),
    request: REQUESTS[role],
  }));
}

describe("a simulated model", () => {
  for (const role of ROLES) {
    it(`gives the same answer to the same request: ${role}`, async () => {
      const open = () => createDemoModel(role, `demo/${role}`, { clock: createFakeClock(), latencyMs: 0 });
      expect(await open().call(REQUESTS[role], never)).toEqual(await open().call(REQUESTS[role], never));
    });
  }

  it("is labelled as simulated and costs nothing, also where it stands in for another model", async () => {
    const model = createDemoModel("target", "openai/gpt-5-mini", { clock: createFakeClock(), latencyMs: 0 });
    expect(model).toMatchObject({ id: "openai/gpt-5-mini", servedBy: "demo:target", simulated: true });
    expect(model.price).toEqual({ inputPerMTok: 0, cachedInputPerMTok: 0, outputPerMTok: 0 });
    expect((await model.call(REQUESTS.target, never)).costUsd).toBe(0);
  });

  it("takes its simulated time, and gives up waiting when it is told to", async () => {
    const clock = createFakeClock();
    const model = createDemoModel("target", "demo/target", { clock, latencyMs: 20 });
    const controller = new AbortController();
    const call = model.call(REQUESTS.target, controller.signal);
    expect(clock.sleepers()).toEqual([20]);
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(clock.sleepers()).toEqual([]);
  });

  it("cuts its answer at the output cap and says so", async () => {
    const model = createDemoModel("target", "demo/target", { clock: createFakeClock(), latencyMs: 0 });
    const response = await model.call({ ...REQUESTS.target, maxTokens: 5 }, never);
    expect(response).toMatchObject({ finishReason: "length", usage: { outputTokens: 5 } });
    expect(response.text).toHaveLength(20);
  });

  it("refuses a request that is not for its role", async () => {
    for (const role of ["judge", "reflection"] as const) {
      const model = createDemoModel(role, `demo/${role}`, { clock: createFakeClock(), latencyMs: 0 });
      await expect(model.call(ask("hello"), never)).rejects.toMatchObject({ failure: "bad_request" });
    }
  });
});
