import type { Limiter } from "./limiter.ts";
import type { Model } from "./model.ts";

/** A model whose calls go through its provider's limiter. */
export function limited(model: Model, limiter: Limiter): Model {
  return { ...model, call: (request, signal) => limiter.run(() => model.call(request, signal), signal) };
}
