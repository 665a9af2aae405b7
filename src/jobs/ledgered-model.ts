import { abortable, throwIfAborted } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Role } from "../domain/spend.ts";
import { type Model, ModelError, type ModelRequest, type ModelResponse } from "../models/model.ts";
import { type CallOutcome, callKey, type Ledger } from "./ledger.ts";

/** What a ledgered model is made of. */
export interface LedgeredModelDeps {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly metrics: Metrics;
  /** The run's own signal: it stops the calls in flight. */
  readonly signal: AbortSignal;
  /** Told when the books can not be read or written: the run must stop, for nothing may be used unrecorded. */
  readonly onStoreFailure: (error: unknown) => void;
}

/**
 * A model whose answers are recorded before they are used, and read instead of paid where they are known. Equal
 * calls in flight are one call.
 *
 * A caller that gives up waiting does not stop the call: it is being paid for, so it is finished and booked. Only
 * the end of the run stops it, and then nothing is recorded.
 */
export function ledgeredModel(role: Role, model: Model, deps: LedgeredModelDeps): Model {
  const { ledger, signal: runSignal } = deps;
  const inFlight = new Map<string, Promise<ModelResponse>>(); // bounded by the calls the engine has in flight

  const booked = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      deps.onStoreFailure(error);
      throw error;
    }
  };

  const settle = async (key: string, request: ModelRequest): Promise<ModelResponse> => {
    throwIfAborted(runSignal);
    const known = await booked(ledger.find(key));
    if (known !== undefined) {
      deps.metrics.count("ledger_hits_total", { role });
      return responseOf(known);
    }
    throwIfAborted(runSignal);
    const outcome = await pay(role, model, request, deps);
    await booked(ledger.record(key, role, outcome));
    return responseOf(outcome);
  };

  return {
    id: model.id,
    servedBy: model.servedBy,
    simulated: model.simulated,
    ...(model.price === undefined ? {} : { price: model.price }),
    call(request, signal) {
      const key = callKey(role, model.servedBy, request);
      const flight = inFlight.get(key) ?? settle(key, request).finally(() => inFlight.delete(key));
      inFlight.set(key, flight);
      return abortable(flight, signal);
    },
  };
}

function responseOf(outcome: CallOutcome): ModelResponse {
  if (outcome.kind === "answer") return outcome.response;
  throw new ModelError(outcome.failure, outcome.message);
}

async function pay(
  role: Role,
  model: Model,
  request: ModelRequest,
  { clock, metrics, signal }: LedgeredModelDeps,
): Promise<CallOutcome> {
  const began = clock.monotonic();
  metrics.gauge("model_calls_in_flight", 1);
  try {
    const response = await model.call(request, signal);
    metrics.count("model_calls_total", { role, outcome: "answered" });
    metrics.count("model_tokens_total", { role, kind: "input" }, response.usage.inputTokens);
    metrics.count("model_tokens_total", { role, kind: "output" }, response.usage.outputTokens);
    if (response.costUsd !== undefined) metrics.count("model_cost_usd_total", { role }, response.costUsd);
    return { kind: "answer", response };
  } catch (error) {
    throwIfAborted(signal); // however the provider's client put it, the call was stopped: nothing to record
    if (!(error instanceof ModelError)) throw error;
    metrics.count("model_calls_total", { role, outcome: error.failure });
    return { kind: "failure", failure: error.failure, message: error.message };
  } finally {
    metrics.gauge("model_calls_in_flight", -1);
    metrics.observe("model_call_duration_seconds", (clock.monotonic() - began) / 1000, { role });
  }
}
