import { describe, expect, it } from "vitest";
import type { DefaultModel } from "../../src/app/model-roles.ts";
import { bannerLines } from "../../src/cli/banner.ts";
import { type ConfigSources, loadConfig } from "../../src/config/load-config.ts";

const real: DefaultModel = {
  role: "judge",
  modelId: "openai/gpt-5",
  servedBy: "openai:gpt-5",
  simulated: false,
};
const simulated: DefaultModel = {
  role: "target",
  modelId: "demo/target",
  servedBy: "demo:target",
  simulated: true,
};
const missing: DefaultModel = { ...real, servedBy: "", missing: "Set OPENAI_API_KEY." };

function banner(sources: Partial<ConfigSources>, ...models: DefaultModel[]): string {
  const config = loadConfig({ flags: {}, env: {}, envFile: "", readFile: () => "", ...sources });
  return bannerLines({ version: "1.2.3", url: "http://127.0.0.1:8000", config, models }).join("\n");
}

describe("the first lines", () => {
  it("say that the data lie in Postgres and what this node does, and no password", () => {
    const env = { DATABASE_URL: "postgres://gepa:hunter2@db.example/gepa", SERVE_ROLE: "worker" };
    const text = banner({ env }, real);
    expect(text).toContain("Postgres, shared with other nodes; this one runs jobs");
    expect(text).not.toContain("hunter2");
  });

  it("say version, address, data folder and who answers", () => {
    const text = banner({ env: { DATA_DIR: "some/where", API_BEARER_TOKENS: "secret-token" } }, real);
    expect(text).toContain("gepa-next 1.2.3");
    expect(text).toContain("http://127.0.0.1:8000");
    expect(text).toContain("some/where");
    expect(text).toContain("openai/gpt-5  (openai:gpt-5)");
    expect(text).not.toContain("secret-token");
  });

  it("call simulated models simulated, and name what to set for real ones", () => {
    const text = banner({ flags: { dev: true } }, simulated, real);
    expect(text).toContain("demo/target  SIMULATED");
    expect(text).toContain("say nothing about a real model");
    expect(text).toContain("OPENAI_API_KEY");
  });

  it("say nothing of simulation where every model is real", () => {
    expect(banner({}, real)).not.toMatch(/simulated/i);
  });

  it("name a model that nobody serves, with the remedy", () => {
    expect(banner({}, missing)).toContain("MISSING: Set OPENAI_API_KEY.");
  });

  const access: [string, Partial<ConfigSources>, string][] = [
    ["--dev", { flags: { dev: true } }, "--dev: callers need no token"],
    [
      "--dev with tokens",
      { flags: { dev: true }, env: { API_BEARER_TOKENS: "a" } },
      "no token; 1 token is known",
    ],
    ["REQUIRE_AUTH=false", { env: { REQUIRE_AUTH: "false" } }, "REQUIRE_AUTH=false: callers need no token"],
    ["tokens", { env: { API_BEARER_TOKENS: "a,b" } }, "callers need a token; 2 tokens are known"],
    ["no tokens", {}, "every call is refused with 401"],
  ];
  for (const [name, sources, words] of access) {
    it(`say who may call with ${name}`, () => expect(banner(sources, real)).toContain(words));
  }
});
