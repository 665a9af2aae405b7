import type { Model, Price, Usage } from "./model.ts";

const TOKENS_PER_UNIT = 1_000_000;

/** What a call costs, in US dollars. */
export function costOf(usage: Usage, price: Price): number {
  const fresh = usage.inputTokens - usage.cachedInputTokens;
  const total =
    fresh * price.inputPerMTok +
    usage.cachedInputTokens * price.cachedInputPerMTok +
    usage.outputTokens * price.outputPerMTok;
  return total / TOKENS_PER_UNIT;
}

/** A model with a price; an answer whose provider tells its cost keeps that. Without a price the model as it is. */
export function priced(model: Model, price: Price | undefined): Model {
  if (price === undefined) return model;
  return {
    ...model,
    price,
    async call(request, signal) {
      const response = await model.call(request, signal);
      return response.costUsd === undefined
        ? { ...response, costUsd: costOf(response.usage, price) }
        : response;
    },
  };
}
