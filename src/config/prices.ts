import type { Parsed, ValueType } from "./value.ts";

/** US dollars per million tokens of one model. */
export interface ModelPrice {
  readonly inputPerMTok: number;
  readonly cachedInputPerMTok: number;
  readonly outputPerMTok: number;
}

const EXAMPLE = '{"vendor/model":{"input":0.25,"cached_input":0.025,"output":2}}';
const NAMES: readonly string[] = ["input", "cached_input", "output"];

/** Prices by model id, as a JSON object. `cached_input` may be left out; it is then the price of input. */
export const modelPrices: ValueType<Readonly<Record<string, ModelPrice>>> = {
  shape: "JSON object: US dollars per million tokens by model id",
  secret: false,
  parse(raw) {
    const value = jsonObject(raw);
    if (value === undefined) return wrong(`it is no JSON object such as ${EXAMPLE}`);
    const prices: Record<string, ModelPrice> = {};
    for (const [model, entry] of Object.entries(value)) {
      const price = priceOf(entry);
      if (price === undefined) return wrong(`the price of "${model}" is not like those of ${EXAMPLE}`);
      prices[model] = price;
    }
    return { ok: true, value: Object.freeze(prices) };
  },
};

function priceOf(entry: unknown): ModelPrice | undefined {
  if (!isObject(entry) || Object.keys(entry).some((name) => !NAMES.includes(name))) return undefined;
  const { input, output, cached_input: cachedInput = input } = entry;
  if (!isAmount(input) || !isAmount(output) || !isAmount(cachedInput)) return undefined;
  return { inputPerMTok: input, cachedInputPerMTok: cachedInput, outputPerMTok: output };
}

function jsonObject(raw: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(raw);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined; // the caller says what is wrong
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function wrong(fault: string): Parsed<never> {
  return { ok: false, fault };
}
