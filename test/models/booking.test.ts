import { expect, it } from "vitest";
import {
  bookAnswer,
  bookFailure,
  MODEL_FAILURES,
  ModelError,
  type ModelFailure,
  type ModelRequest,
} from "../../src/models/model.ts";

const model = { price: { inputPerMTok: 1, cachedInputPerMTok: 0.5, outputPerMTok: 10 } };
const REQUEST: ModelRequest = { messages: [{ role: "user", content: "äö" }], maxTokens: 100, sampleIndex: 0 };
/** Four bytes of UTF-8, the form of the chat, and all it was allowed to write. */
const WORST = 4 + 64 + 100;
const WORST_USD = (4 + 64 + 100 * 10) / 1e6;

it("books a failure that may be billed at its worst, any other as a call", () => {
  for (const failure of Object.keys(MODEL_FAILURES) as ModelFailure[]) {
    const worst = MODEL_FAILURES[failure].mayBeBilled;
    expect(bookFailure(model, REQUEST, new ModelError(failure, "")), failure).toEqual({
      modelCalls: 1,
      tokens: worst ? WORST : 0,
      costUsd: worst ? expect.closeTo(WORST_USD, 12) : 0,
    });
  }
});

it("books tries before it that may be billed, with a failure and with an answer", () => {
  const refused = new ModelError("rate_limited", "", { lostTries: 2 });
  expect(bookFailure(model, REQUEST, refused)).toEqual({
    modelCalls: 3,
    tokens: 2 * WORST,
    costUsd: expect.closeTo(2 * WORST_USD, 12),
  });
  const usage = { inputTokens: 7, cachedInputTokens: 0, outputTokens: 5 };
  const answer = { text: "", finishReason: "stop", usage, costUsd: 0.25, lostTries: 1 } as const;
  expect(bookAnswer(model, REQUEST, answer)).toEqual({
    modelCalls: 2,
    tokens: 12 + WORST,
    costUsd: expect.closeTo(0.25 + WORST_USD, 12),
  });
});

it("counts the schema of the answer among what is sent, and no dollars where no price is known", () => {
  const responseSchema = { name: "grade", schema: { type: "object" } };
  const { tokens, costUsd } = bookFailure({}, { ...REQUEST, responseSchema }, new ModelError("timeout", ""));
  expect([tokens, costUsd]).toEqual([WORST + JSON.stringify(responseSchema).length, 0]);
});
