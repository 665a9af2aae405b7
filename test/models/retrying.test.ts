import { describe, expect, it } from "vitest";
import { createRng, rngFrom } from "../../src/base/rng.ts";
import { noMetrics } from "../../src/base/metrics.ts";
import {
  MODEL_FAILURES,
  type Model,
  ModelError,
  type ModelFailure,
  type ModelRequest,
  type ModelResponse,
} from "../../src/models/model.ts";
import { MAX_RETRY_AFTER_MS, retrying } from "../../src/models/retrying.ts";
import { createFakeClock } from "../support/fake-clock.ts";

const never = new AbortController().signal;
const REQUEST: ModelRequest = { messages: [], maxTokens: 1, sampleIndex: 0 };
const ANSWER: ModelResponse = {
  text: "ok",
  finishReason: "stop",
  usage: { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 },
};

/** Fails with each of the given errors once, then answers; counts its calls. */
function failing(errors: readonly ModelError[]): Model & { calls: number } {
  const model = {
    id: "m",
    servedBy: "test:m",
    simulated: false,
    calls: 0,
    async call() {
      const error = errors[model.calls++];
      if (error !== undefined) throw error;
      return ANSWER;
    },
  };
  return model;
}

const highest = rngFrom(
  () => 1 - 2 ** -53,
  () => "",
);
const lowest = rngFrom(
  () => 0,
  () => "",
);

function withRetries(model: Model, maxRetries: number, rng = createRng({ seed: 1 })) {
  const clock = createFakeClock();
  const counted: unknown[] = [];
  const metrics = {
    ...noMetrics,
    count: (name: string, labels?: unknown) => void counted.push([name, labels]),
  };
  return { clock, counted, model: retrying(model, { role: "target", maxRetries, clock, rng, metrics }) };
}

const answerAfter = (failure: ModelFailure) =>
  MODEL_FAILURES[failure].mayBeBilled ? { ...ANSWER, lostTries: 1 } : ANSWER;

describe("tries that may be billed", () => {
  const error = (failure: ModelFailure) => new ModelError(failure, failure, { retryAfterMs: 1 });

  it("are told with the answer that came in the end", async () => {
    const tries = [error("timeout"), error("rate_limited"), error("unavailable"), error("malformed")];
    const { model, clock } = withRetries(failing(tries), 5, lowest);
    const answer = model.call(REQUEST, never);
    await clock.advance(600_000);
    expect(await answer).toEqual({ ...ANSWER, lostTries: 2 });
  });

  it("are told with the failure that ended the call, which is not one of them", async () => {
    const { model, clock } = withRetries(
      failing([error("timeout"), error("timeout"), error("timeout")]),
      2,
      lowest,
    );
    const failed = model.call(REQUEST, never).catch((e: unknown) => e);
    await clock.advance(600_000);
    expect(await failed).toMatchObject({
      failure: "timeout",
      message: "timeout",
      retryAfterMs: 1,
      lostTries: 2,
    });
  });
});

describe("retries", () => {
  for (const [failure, { retryable }] of Object.entries(MODEL_FAILURES) as [
    ModelFailure,
    { retryable: boolean },
  ][]) {
    it(`${retryable ? "follow" : "do not follow"} ${failure}`, async () => {
      const inner = failing([new ModelError(failure, "no")]);
      const { model, clock } = withRetries(inner, 1, lowest);
      const call = model.call(REQUEST, never).catch((error: ModelError) => error.failure);
      await clock.advance(0);
      expect(await call).toEqual(retryable ? answerAfter(failure) : failure);
      expect(inner.calls).toBe(retryable ? 2 : 1);
    });
  }

  it("end after the given number with the last failure", async () => {
    const inner = failing(Array.from({ length: 9 }, (_, i) => new ModelError("unavailable", `try ${i}`)));
    const { model, clock, counted } = withRetries(inner, 3);
    const call = model.call(REQUEST, never).catch((error: Error) => error.message);
    await clock.advance(60_000);
    expect(await call).toBe("try 3");
    expect(inner.calls).toBe(4);
    expect(counted).toEqual(
      Array(3).fill(["model_retries_total", { role: "target", failure: "unavailable" }]),
    );
  });

  it("wait twice as long each time at most, up to a bound", async () => {
    const inner = failing(Array.from({ length: 9 }, () => new ModelError("unavailable", "no")));
    const { model, clock } = withRetries(inner, 9, highest);
    const call = model.call(REQUEST, never);
    const waits: number[] = [];
    for (let i = 0; i < 9; i++) {
      await clock.untilSleeping();
      waits.push(Math.round(clock.sleepers()[0] ?? 0));
      await clock.advance(waits[i] ?? 0);
    }
    expect(await call).toEqual(ANSWER);
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  });

  it("never come before the time the provider names", async () => {
    for (const rng of [lowest, highest, createRng({ seed: 7 })]) {
      const inner = failing([new ModelError("rate_limited", "wait", { retryAfterMs: 20_000 })]);
      const { model, clock } = withRetries(inner, 1, rng);
      const call = model.call(REQUEST, never);
      await clock.advance(19_999);
      expect(inner.calls).toBe(1);
      await clock.advance(501);
      expect(await call).toEqual(ANSWER);
    }
  });

  it("are not made where the provider wants longer than anybody would wait", async () => {
    const inner = failing([
      new ModelError("rate_limited", "tomorrow", { retryAfterMs: MAX_RETRY_AFTER_MS + 1 }),
    ]);
    await expect(withRetries(inner, 5).model.call(REQUEST, never)).rejects.toThrow("tomorrow");
  });

  it("stop waiting with the signal's reason", async () => {
    const inner = failing([new ModelError("unavailable", "no")]);
    const { model, clock } = withRetries(inner, 5);
    const controller = new AbortController();
    const call = model.call(REQUEST, controller.signal);
    await clock.untilSleeping();
    controller.abort(new Error("enough"));
    await expect(call).rejects.toThrow("enough");
    expect(clock.sleepers()).toEqual([]);
    expect(inner.calls).toBe(1);
  });
});
