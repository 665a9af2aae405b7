import type { Clock } from "../base/clock.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Role } from "../domain/spend.ts";
import { type Model, ModelError, type ModelResponse } from "./model.ts";

/** What is counted, and for whom. */
export interface MeterOptions {
  readonly role: Role;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** A model whose every try is counted: its outcome, time, tokens and cost. */
export function metered(model: Model, { role, clock, metrics }: MeterOptions): Model {
  const count = ({ usage, costUsd }: ModelResponse) => {
    metrics.count("model_tokens_total", { role, kind: "input" }, usage.inputTokens);
    metrics.count("model_tokens_total", { role, kind: "output" }, usage.outputTokens);
    if (costUsd !== undefined) metrics.count("model_cost_usd_total", { role }, costUsd);
  };
  return {
    ...model,
    async call(request, signal, mayTry) {
      const began = clock.monotonic();
      metrics.gauge("model_calls_in_flight", 1);
      let outcome = "aborted";
      try {
        const response = await model.call(request, signal, mayTry);
        outcome = "answered";
        count(response);
        return response;
      } catch (error) {
        if (error instanceof ModelError) outcome = error.failure;
        throw error;
      } finally {
        metrics.gauge("model_calls_in_flight", -1);
        metrics.count("model_calls_total", { role, outcome });
        metrics.observe("model_call_duration_seconds", (clock.monotonic() - began) / 1000, { role });
      }
    },
  };
}
