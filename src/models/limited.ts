import type { Limiter } from "./limiter.ts";
import type { Model } from "./model.ts";

/** A model whose calls go through its provider's limiter. */
export function limited(model: Model, limiter: Limiter): Model {
  return {
    ...model,
    call(request, signal, mayTry) {
      const work = async () => {
        mayTry?.(); // only now: it may have waited its turn for minutes
        return model.call(request, signal);
      };
      return limiter.run(work, signal);
    },
  };
}
