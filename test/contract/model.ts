import { describe, expect, it } from "vitest";
import type { Model, ModelRequest } from "../../src/models/model.ts";

/** A model under the shared suite, and a request it can answer. */
export interface ModelCase {
  readonly model: Model;
  readonly request: ModelRequest;
}

/** What every model promises, whoever serves it. */
export function modelContract(name: string, open: () => Promise<ModelCase> | ModelCase): void {
  describe(`${name} as a model`, () => {
    it("says what it is called, who serves it and whether it is simulated", async () => {
      const { model } = await open();
      expect(model.id).not.toBe("");
      expect(model.servedBy).toMatch(/^[\w-]+:.+/);
      expect(model.simulated).toBe(model.servedBy.startsWith("demo:"));
    });

    it("answers with text, a reason to have ended and whole numbers of tokens", async () => {
      const { model, request } = await open();
      const response = await model.call(request, new AbortController().signal);
      expect(response.text).not.toBe("");
      expect(response.finishReason).toBe("stop");
      const { inputTokens, cachedInputTokens, outputTokens } = response.usage;
      for (const count of [inputTokens, cachedInputTokens, outputTokens]) {
        expect(Number.isSafeInteger(count) && count >= 0).toBe(true);
      }
      expect(cachedInputTokens).toBeLessThanOrEqual(inputTokens);
    });

    it("rejects with the signal's reason when the signal has aborted", async () => {
      const { model, request } = await open();
      const reason = new Error("given up");
      await expect(model.call(request, AbortSignal.abort(reason))).rejects.toBe(reason);
    });
  });
}
