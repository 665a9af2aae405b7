import { describe, expect, it } from "vitest";
import { routeOf } from "../../src/models/route.ts";

const openai = { openai: true, openrouter: false };
const openrouter = { openai: false, openrouter: true };
const both = { openai: true, openrouter: true };
const none = { openai: false, openrouter: false };

describe("the route of a model id", () => {
  const routes = [
    ["openai/gpt-5", openai, "openai", "gpt-5"],
    ["openai:gpt-5", openai, "openai", "gpt-5"],
    ["gpt-5", openai, "openai", "gpt-5"],
    ["llama3.2:3b", openai, "openai", "llama3.2:3b"],
    ["openai/meta-llama/Llama-3", openai, "openai", "meta-llama/Llama-3"],
    ["openai/gpt-5", openrouter, "openrouter", "openai/gpt-5"],
    ["anthropic/claude", openrouter, "openrouter", "anthropic/claude"],
    ["anthropic/claude:beta", openrouter, "openrouter", "anthropic/claude:beta"],
    ["openai/gpt-5", both, "openai", "gpt-5"],
    ["anthropic/claude", both, "openrouter", "anthropic/claude"],
  ] as const;
  for (const [id, configured, provider, model] of routes) {
    it(`takes ${id} to ${provider} as ${model} with ${JSON.stringify(configured)}`, () => {
      expect(routeOf(id, configured)).toEqual({ provider, model });
    });
  }

  const nowhere = [
    ["openai/gpt-5", none],
    ["gpt-5", none],
    ["anthropic/claude", openai],
    ["gpt-5", openrouter],
    ["openai:gpt-5", openrouter],
  ] as const;
  for (const [id, configured] of nowhere) {
    it(`leads nowhere for ${id} with ${JSON.stringify(configured)}`, () => {
      expect(routeOf(id, configured)).toBeUndefined();
    });
  }
});
