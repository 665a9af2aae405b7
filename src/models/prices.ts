import type { Price } from "./model.ts";

function usd(inputPerMTok: number, cachedInputPerMTok: number, outputPerMTok: number): Price {
  return { inputPerMTok, cachedInputPerMTok, outputPerMTok };
}

/**
 * List prices in US dollars per million tokens, from openai.com/api/pricing as of August 2025. Configuration wins over
 * them; a model that is not here has no price until one is configured.
 */
const OPENAI_PRICES: Readonly<Record<string, Price>> = {
  "gpt-5": usd(1.25, 0.125, 10),
  "gpt-5-mini": usd(0.25, 0.025, 2),
  "gpt-5-nano": usd(0.05, 0.005, 0.4),
  "gpt-4.1": usd(2, 0.5, 8),
  "gpt-4.1-mini": usd(0.4, 0.1, 1.6),
  "gpt-4.1-nano": usd(0.1, 0.025, 0.4),
  "gpt-4o": usd(2.5, 1.25, 10),
  "gpt-4o-mini": usd(0.15, 0.075, 0.6),
  o3: usd(2, 0.5, 8),
  "o4-mini": usd(1.1, 0.275, 4.4),
};

/** A dated snapshot costs what its model costs. */
const SNAPSHOT = /-\d{4}-\d{2}-\d{2}$/;

/** The price OpenAI lists for a model; undefined where it is not known. */
export function listPrice(model: string): Price | undefined {
  const name = model.replace(SNAPSHOT, "");
  return Object.hasOwn(OPENAI_PRICES, name) ? OPENAI_PRICES[name] : undefined;
}
