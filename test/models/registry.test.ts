import { afterEach, describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { noMetrics } from "../../src/base/metrics.ts";
import { createRng } from "../../src/base/rng.ts";
import type { ModelRequest } from "../../src/models/model.ts";
import { createModels, type ModelsConfig } from "../../src/models/registry.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { type OpenAiServer, startOpenAiServer, tooMany } from "../support/openai-server.ts";

const BASE: ModelsConfig = {
  dev: false,
  timeoutMs: 60_000,
  maxRetries: 2,
  concurrency: 4,
  prices: {},
  demoLatencyMs: 0,
};
const REQUEST: ModelRequest = {
  messages: [{ role: "user", content: "hello" }],
  maxTokens: 10,
  sampleIndex: 0,
};
const never = new AbortController().signal;

function modelsOf(config: Partial<ModelsConfig>, clock = createFakeClock()) {
  const counted: string[] = [];
  const metrics = {
    ...noMetrics,
    count: (name: string, labels: Readonly<Record<string, string>> = {}, by = 1) =>
      void counted.push(`${name} ${Object.values(labels).join(" ")} ${by}`),
  };
  return {
    clock,
    counted,
    models: createModels({ ...BASE, ...config }, { clock, rng: createRng({ seed: 1 }), metrics }),
  };
}

function refusalOf(config: Partial<ModelsConfig>, id: string): AppError {
  try {
    modelsOf(config).models.resolve(id, "target");
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error(`${id} was not refused`);
}

const open: OpenAiServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

describe("resolving a model", () => {
  const key = { apiKey: "k" };
  const served = [
    [{ openai: key }, "openai/gpt-5-mini", "openai:gpt-5-mini"],
    [{ openai: key }, "openai:gpt-5-mini", "openai:gpt-5-mini"],
    [{ openai: key }, "gpt-5-mini", "openai:gpt-5-mini"],
    [{ openai: { baseUrl: "http://127.0.0.1:11434/v1" } }, "llama3.2", "openai:llama3.2"],
    [{ openai: { ...key, baseUrl: "https://models.example.com/v1" } }, "x", "openai:x"],
    [{ openrouter: key }, "anthropic/claude", "openrouter:anthropic/claude"],
    [{ openrouter: key }, "openai/gpt-5", "openrouter:openai/gpt-5"],
    [{ openai: key, dev: true }, "demo/judge", "demo:judge"],
    [{}, "demo/target", "demo:target"],
  ] as const;
  for (const [config, id, servedBy] of served) {
    it(`has ${id} served by ${servedBy} with ${JSON.stringify(config)}, under the id that was sent`, () => {
      expect(modelsOf(config).models.resolve(id, "target")).toMatchObject({
        id,
        servedBy,
        simulated: servedBy.startsWith("demo:"),
      });
    });
  }

  it("gives a model nobody serves its role's simulated stand-in under dev", () => {
    for (const role of ["target", "judge", "reflection"] as const) {
      expect(modelsOf({ dev: true }).models.resolve("openai/gpt-5", role)).toMatchObject({
        id: "openai/gpt-5",
        servedBy: `demo:${role}`,
        simulated: true,
      });
    }
  });

  const refused = [
    [{}, "openai/gpt-5", "OPENAI_API_KEY"],
    [{}, "gpt-5", "OPENAI_BASE_URL"],
    [{}, "anthropic/claude", "OPENROUTER_API_KEY"],
    [{ openai: key }, "anthropic/claude", "OPENROUTER_API_KEY"],
    [{ openai: { baseUrl: "https://models.example.com/v1" } }, "x", "OPENAI_API_KEY"],
    [{ dev: true }, "demo/other", "demo/target"],
  ] as const;
  for (const [config, id, remedy] of refused) {
    it(`refuses ${id} with ${JSON.stringify(config)} and names ${remedy}`, () => {
      const error = refusalOf(config, id);
      expect(error.reason).toBe("model_not_configured");
      expect(error.message).toContain(remedy);
    });
  }

  const prices = [
    [{ openai: key }, "openai/gpt-5-mini", 0.25],
    [{ openai: key }, "gpt-5-mini-2025-08-07", 0.25],
    [{ openrouter: key }, "openai/gpt-5-mini", 0.25],
    [{ openrouter: key }, "mistral/gpt-5-mini", undefined],
    [{ openai: { baseUrl: "http://localhost/v1" } }, "gpt-5-mini", undefined],
    [{}, "demo/target", 0],
  ] as const;
  for (const [config, id, input] of prices) {
    it(`knows the price of ${id} as ${input} with ${JSON.stringify(config)}`, () => {
      expect(modelsOf(config).models.resolve(id, "target").price?.inputPerMTok).toBe(input);
    });
  }

  for (const id of ["toString", "constructor", "__proto__"]) {
    it(`knows no price of ${id}, which every object has and nobody configured`, () => {
      expect(modelsOf({ openai: key }).models.resolve(id, "target").price).toBeUndefined();
    });
  }

  it("lets a configured price win, by the id sent or by the provider's name", () => {
    const price = { inputPerMTok: 9, cachedInputPerMTok: 1, outputPerMTok: 9 };
    for (const name of ["openai/gpt-5", "gpt-5"]) {
      const { models } = modelsOf({ openai: key, prices: { [name]: price } });
      expect(models.resolve("openai/gpt-5", "target").price).toEqual(price);
    }
  });
});

describe("a resolved model", () => {
  async function serve(replies: readonly Parameters<typeof tooMany>[]) {
    const server = await startOpenAiServer((_request, nth) => {
      const headers = replies[nth - 1];
      return headers === undefined ? "hi" : tooMany(...headers);
    });
    open.push(server);
    return server;
  }

  it("waits as long as a Retry-After says, counts each try, and prices the answer", async () => {
    const server = await serve([[{ "retry-after": "7" }]]);
    const price = { inputPerMTok: 1, cachedInputPerMTok: 0.5, outputPerMTok: 2 };
    const { models, clock, counted } = modelsOf({
      openai: { baseUrl: server.baseUrl },
      prices: { m: price },
    });
    const call = models.resolve("m", "judge").call(REQUEST, never);
    while (counted.length < 2) await clock.advance(0);
    await clock.advance(6_999);
    expect(server.requests).toHaveLength(1);
    await clock.advance(501);
    expect(await call).toMatchObject({ text: "hi", costUsd: (8 * 1 + 4 * 0.5 + 3 * 2) / 1e6 });
    expect(server.requests).toHaveLength(2);
    expect(counted).toEqual([
      "model_calls_total judge rate_limited 1",
      "model_retries_total judge rate_limited 1",
      "model_tokens_total judge input 12",
      "model_tokens_total judge output 3",
      expect.stringMatching(/^model_cost_usd_total judge 0\.0000/),
      "model_calls_total judge answered 1",
    ]);
  });

  it("shares its provider's limiter with the other models of it", async () => {
    const server = await startOpenAiServer(() => ({ silent: true }));
    open.push(server);
    const { models, clock } = modelsOf({ openai: { baseUrl: server.baseUrl }, concurrency: 1 });
    const controller = new AbortController();
    const calls = ["a", "b"].map((name) => models.resolve(name, "target").call(REQUEST, controller.signal));
    const ended = Promise.allSettled(calls);
    while (server.requests.length === 0) await clock.advance(0);
    await clock.advance(0);
    expect(server.requests.map((request) => request.body.model)).toEqual(["a"]);
    controller.abort(new Error("end of test"));
    expect((await ended).map((outcome) => outcome.status)).toEqual(["rejected", "rejected"]);
  });
});
