import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { defaultModels, modelsByRole, modelsConfig } from "../../src/app/model-roles.ts";
import { loadConfig } from "../../src/config/load-config.ts";
import { ROLES } from "../../src/domain/spend.ts";
import type { Models } from "../../src/models/registry.ts";

const configOf = (env: Record<string, string>, dev = false) =>
  loadConfig({ flags: { dev }, env, envFile: "", readFile: () => "" });

/** Serves what is called "a/…" and refuses the rest. */
const models: Models = {
  resolve(id, role) {
    if (!id.startsWith("a/")) throw new AppError("model_not_configured", `nobody serves ${id}`);
    const call = () => Promise.reject(new Error("not called here"));
    return { id, servedBy: `test:${id}:${role}`, simulated: role === "target", call };
  },
};

describe("modelsByRole", () => {
  const config = configOf({ TARGET_MODEL_DEFAULT: "a/t", JUDGE_MODEL_ID: "a/j", REFLECTION_MODEL_ID: "a/r" });

  it("takes judge and reflection from the server, whatever the caller asks for", () => {
    const { target, judge, reflection } = modelsByRole(config, models)("a/mine", ROLES);
    expect([target.servedBy, judge?.servedBy, reflection.servedBy]).toEqual([
      "test:a/mine:target",
      "test:a/j:judge",
      "test:a/r:reflection",
    ]);
  });

  it("takes the server's default where the caller names no target", () => {
    expect(modelsByRole(config, models)(undefined, ROLES).target.id).toBe("a/t");
  });

  it("asks for the judge only where the job has one", () => {
    const unserved = configOf({
      TARGET_MODEL_DEFAULT: "a/t",
      JUDGE_MODEL_ID: "b/j",
      REFLECTION_MODEL_ID: "a/r",
    });
    const resolve = modelsByRole(unserved, models);
    expect(Object.keys(resolve(undefined, ["target", "reflection"]))).toEqual(["target", "reflection"]);
    expect(() => resolve(undefined, ROLES)).toThrow("nobody serves b/j");
  });
});

describe("defaultModels", () => {
  it("tells which role nobody serves, with the remedy, and does not throw", () => {
    const config = configOf({ TARGET_MODEL_DEFAULT: "a/t", JUDGE_MODEL_ID: "b/j" });
    expect(defaultModels(config, models)).toEqual([
      { role: "target", modelId: "a/t", servedBy: "test:a/t:target", simulated: true },
      { role: "judge", modelId: "b/j", servedBy: "", simulated: false, missing: "nobody serves b/j" },
      { role: "reflection", modelId: "b/j", servedBy: "", simulated: false, missing: "nobody serves b/j" },
    ]);
  });
});

describe("modelsConfig", () => {
  it("configures no provider out of nothing", () => {
    const { openai, openrouter } = modelsConfig(configOf({}));
    expect([openai, openrouter]).toEqual([undefined, undefined]);
  });

  it("passes keys and addresses on to their own provider", () => {
    const base = "http://127.0.0.1:1/v1";
    expect(modelsConfig(configOf({ OPENAI_BASE_URL: base })).openai).toEqual({ baseUrl: base });
    const both = modelsConfig(
      configOf({ OPENAI_API_KEY: "k1", OPENROUTER_API_KEY: "k2", OPENROUTER_BASE_URL: base }),
    );
    expect(both.openai).toEqual({ apiKey: "k1" });
    expect(both.openrouter).toEqual({ apiKey: "k2", baseUrl: base });
  });

  it("gives times in milliseconds", () => {
    expect(modelsConfig(configOf({ MODEL_TIMEOUT_S: "2.5" })).timeoutMs).toBe(2500);
  });
});
