import { afterEach, describe, expect, it } from "vitest";
import { createOpenAi, OPENAI_BASE_URL } from "../../../src/models/openai/openai.ts";
import { MAX_ANSWER_BYTES } from "../../../src/models/openai/bounded-fetch.ts";
import { type Model, ModelError, type ModelRequest } from "../../../src/models/model.ts";
import { modelContract } from "../../contract/model.ts";
import { createFakeClock, type FakeClock } from "../../support/fake-clock.ts";
import {
  type ChatHandler,
  completion,
  type OpenAiServer,
  type Reply,
  startOpenAiServer,
} from "../../support/openai-server.ts";

const KEY = "sk-test-secret";
const PROMPT = "a very private prompt";
const REQUEST: ModelRequest = {
  messages: [
    { role: "system", content: PROMPT },
    { role: "user", content: "hello" },
  ],
  maxTokens: 77,
  sampleIndex: 0,
};
const never = new AbortController().signal;

const open: OpenAiServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((server) => server.close()));
});

async function serve(
  handler: ChatHandler,
): Promise<{ server: OpenAiServer; model: Model; clock: FakeClock }> {
  const server = await startOpenAiServer(handler);
  open.push(server);
  const clock = createFakeClock();
  const make = createOpenAi({
    provider: "openai",
    apiKey: KEY,
    baseUrl: server.baseUrl,
    timeoutMs: 1000,
    clock,
  });
  return { server, clock, model: make("gpt-x", "openai/gpt-x") };
}

async function failureOf(call: Promise<unknown>): Promise<ModelError> {
  const error = await call.then(
    () => undefined,
    (e: unknown) => e,
  );
  expect(error).toBeInstanceOf(ModelError);
  return error as ModelError;
}

modelContract("openai", async () => ({ model: (await serve(() => "hi")).model, request: REQUEST }));

describe("a call of an OpenAI-compatible endpoint", () => {
  it("sends model, messages, cap and key where they belong, and nothing that was not asked for", async () => {
    const { server, model } = await serve(() => "hi");
    await model.call(REQUEST, never);
    const [seen] = server.requests;
    expect(seen).toMatchObject({ method: "POST", path: "/v1/chat/completions" });
    expect(seen?.headers.authorization).toBe(`Bearer ${KEY}`);
    expect(seen?.body).toEqual({ model: "gpt-x", messages: REQUEST.messages, max_tokens: 77 });
  });

  it("sends a temperature and a strict schema where the request has them", async () => {
    const { server, model } = await serve(() => "{}");
    const schema = { type: "object", properties: {}, required: [], additionalProperties: false };
    await model.call({ ...REQUEST, temperature: 0.3, responseSchema: { name: "answer", schema } }, never);
    expect(server.requests[0]?.body).toMatchObject({
      temperature: 0.3,
      response_format: { type: "json_schema", json_schema: { name: "answer", strict: true, schema } },
    });
  });

  it("sends no key where none is configured", async () => {
    const server = await startOpenAiServer(() => "hi");
    open.push(server);
    const make = createOpenAi({
      provider: "openai",
      baseUrl: server.baseUrl,
      timeoutMs: 1000,
      clock: createFakeClock(),
    });
    await make("local", "local").call(REQUEST, never);
    expect(server.requests[0]?.headers.authorization).toBeUndefined();
  });

  it("makes one request a call, whatever comes back", async () => {
    const { server, model } = await serve(() => ({ json: {}, status: 500 }));
    await failureOf(model.call(REQUEST, never));
    expect(server.requests).toHaveLength(1);
  });

  it("reads text, end and tokens", async () => {
    const { model } = await serve(() => "hi");
    expect(await model.call(REQUEST, never)).toEqual({
      text: "hi",
      finishReason: "stop",
      usage: { inputTokens: 12, cachedInputTokens: 4, outputTokens: 3 },
    });
  });

  const endings = [
    { choice: { finish_reason: "length", message: { content: "cut" } }, text: "cut", finishReason: "length" },
    { choice: { finish_reason: "length", message: { content: null } }, text: "", finishReason: "length" },
    {
      choice: { finish_reason: "content_filter", message: { content: null } },
      text: "",
      finishReason: "content_filter",
    },
    {
      choice: { finish_reason: "stop", message: { content: null, refusal: "I will not." } },
      text: "I will not.",
      finishReason: "content_filter",
    },
    { choice: { finish_reason: null, message: { content: "ok" } }, text: "ok", finishReason: "stop" },
  ];
  for (const { choice, text, finishReason } of endings) {
    it(`reads an answer that ended like ${JSON.stringify(choice)}`, async () => {
      const { model } = await serve(() => ({ json: completion("", { choices: [choice] }) }));
      expect(await model.call(REQUEST, never)).toMatchObject({ text, finishReason });
    });
  }

  for (const usage of [undefined, null, {}, { prompt_tokens: -1, completion_tokens: "many" }]) {
    it(`estimates the tokens where the usage is ${JSON.stringify(usage)}`, async () => {
      const { model } = await serve(() => ({ json: completion("12345678", { usage }) }));
      const response = await model.call(REQUEST, never);
      expect(response.usage).toEqual({ inputTokens: 7, cachedInputTokens: 0, outputTokens: 2 });
    });
  }

  it("keeps the cost a provider tells", async () => {
    const usage = { prompt_tokens: 1, completion_tokens: 1, cost: 0.0125 };
    const { model } = await serve(() => ({ json: completion("hi", { usage }) }));
    expect((await model.call(REQUEST, never)).costUsd).toBe(0.0125);
  });

  const failures: readonly (readonly [name: string, reply: Reply, failure: string])[] = [
    ["429", { json: { error: { message: PROMPT } }, status: 429 }, "rate_limited"],
    ["429 without credit", { json: { error: { code: "insufficient_quota" } }, status: 429 }, "quota"],
    ["402", { json: {}, status: 402 }, "quota"],
    ["401", { json: { error: { message: `bad key ${KEY}` } }, status: 401 }, "auth"],
    ["403", { json: {}, status: 403 }, "auth"],
    ["404", { json: {}, status: 404 }, "not_found"],
    ["400", { json: { error: { message: PROMPT } }, status: 400 }, "bad_request"],
    ["400 for its content", { json: { error: { code: "content_filter" } }, status: 400 }, "content_filter"],
    ["408", { json: {}, status: 408 }, "timeout"],
    ["500", { json: {}, status: 500 }, "unavailable"],
    ["502 with a web page", { raw: "<html>", status: 502 }, "unavailable"],
    ["503", { json: {}, status: 503 }, "unavailable"],
    ["a reset connection", { reset: true }, "unavailable"],
    ["a body that breaks off", { truncated: '{"choices":[{"mess' }, "malformed"],
    ["garbage", { raw: "not json at all" }, "malformed"],
    ["bad UTF-8", { raw: Buffer.from([0xff, 0xfe, 0x00]) }, "malformed"],
    ["an empty body", { raw: "" }, "malformed"],
    ["no choices", { json: { choices: [] } }, "malformed"],
    [
      "a number for an answer",
      { json: { choices: [{ finish_reason: "stop", message: { content: 5 } }] } },
      "malformed",
    ],
    [
      "nothing said",
      { json: { choices: [{ finish_reason: "stop", message: { content: null } }] } },
      "malformed",
    ],
    ["200 with an error inside", { json: { error: { code: 429, message: "later" } } }, "rate_limited"],
    ["an answer beyond the limit", { raw: Buffer.alloc(MAX_ANSWER_BYTES + 1, "x") }, "malformed"],
  ];
  for (const [name, reply, failure] of failures) {
    it(`calls ${name} ${failure}, and repeats neither prompt nor key`, async () => {
      const { model } = await serve(() => reply);
      const error = await failureOf(model.call(REQUEST, never));
      expect(error.failure).toBe(failure);
      expect(error.message).not.toContain(PROMPT);
      expect(error.message).not.toContain(KEY);
    });
  }

  it("calls an endpoint that nobody listens on unavailable", async () => {
    const { server, model } = await serve(() => "hi");
    await server.close();
    expect((await failureOf(model.call(REQUEST, never))).failure).toBe("unavailable");
  });

  const waits: readonly (readonly [headers: Record<string, string>, ms: number | undefined])[] = [
    [{ "retry-after": "7" }, 7000],
    [{ "retry-after": "0" }, 0],
    [{ "retry-after-ms": "250", "retry-after": "1" }, 250],
    [{ "retry-after": new Date(1_700_000_000_000 + 90_000).toUTCString() }, 90_000],
    [{ "retry-after": "Mon, 01 Jan 2001 00:00:00 GMT" }, 0],
    [{ "retry-after": "soon" }, undefined],
    [{}, undefined],
  ];
  for (const [headers, ms] of waits) {
    it(`reads how long to wait from ${JSON.stringify(headers)}`, async () => {
      const { model } = await serve(() => ({ json: {}, status: 429, headers }));
      expect((await failureOf(model.call(REQUEST, never))).retryAfterMs).toBe(ms);
    });
  }

  it("gives up after the timeout, by the clock it was given", async () => {
    const { model, clock } = await serve(() => ({ silent: true }));
    const call = failureOf(model.call(REQUEST, never));
    await clock.advance(1000);
    expect((await call).failure).toBe("timeout");
    expect(clock.sleepers()).toEqual([]);
  });

  it("stops with the signal's reason and leaves no timer behind", async () => {
    let arrived = () => {};
    const arrival = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { model, clock } = await serve(() => {
      arrived();
      return { silent: true };
    });
    const controller = new AbortController();
    const call = model.call(REQUEST, controller.signal);
    await arrival;
    const reason = new Error("cancelled by the caller");
    controller.abort(reason);
    await expect(call).rejects.toBe(reason);
    expect(clock.sleepers()).toEqual([]);
  });

  it("names the output cap as OpenAI wants it where it speaks to OpenAI itself", async () => {
    const sent: unknown[] = [];
    const real = globalThis.fetch;
    globalThis.fetch = async (_url, init) => {
      sent.push(JSON.parse(String(init?.body)));
      return Response.json(completion("hi"));
    };
    try {
      const make = createOpenAi({
        provider: "openai",
        apiKey: KEY,
        baseUrl: OPENAI_BASE_URL,
        timeoutMs: 1000,
        clock: createFakeClock(),
      });
      await make("gpt-5", "gpt-5").call(REQUEST, never);
    } finally {
      globalThis.fetch = real;
    }
    expect(sent).toEqual([{ model: "gpt-5", messages: REQUEST.messages, max_completion_tokens: 77 }]);
  });
});
