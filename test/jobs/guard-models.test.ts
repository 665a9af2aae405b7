import { describe, expect, it } from "vitest";
import { guardModels } from "../../src/jobs/guard-models.ts";
import type { Model } from "../../src/models/model.ts";
import { anAnswer, aRequest, scriptedModel } from "../support/scripted-model.ts";

const never = new AbortController().signal;

describe("guarded models", () => {
  it("are asked before the call and again before each try, beside what the caller asks", async () => {
    const asked: string[] = [];
    const model: Model = {
      ...scriptedModel("m"),
      async call(_request, _signal, mayTry) {
        asked.push("sent");
        mayTry?.();
        return anAnswer("ok");
      },
    };
    const guarded = guardModels({ target: model, reflection: model }, () => asked.push("may call"));
    await guarded.target.call(aRequest("hi"), never, () => asked.push("may try"));
    expect(asked).toEqual(["may call", "sent", "may call", "may try"]);
    expect(guarded).not.toHaveProperty("judge");
  });

  it("send nothing where they may not", async () => {
    const model = scriptedModel("m");
    const guarded = guardModels({ target: model, judge: model, reflection: model }, () => {
      throw new Error("the lease is gone");
    });
    for (const role of ["target", "judge", "reflection"] as const) {
      await expect(guarded[role]?.call(aRequest("hi"), never)).rejects.toThrow("the lease is gone");
    }
    expect(model.requests).toEqual([]);
  });
});
