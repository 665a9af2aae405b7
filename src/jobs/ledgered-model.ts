import { abortable, throwIfAborted } from "../base/abort.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Role } from "../domain/spend.ts";
import { OutOfTimeError } from "../engine/ports.ts";
import { type Model, ModelError, type ModelRequest, type ModelResponse } from "../models/model.ts";
import { type CallOutcome, callKey, type Ledger } from "./ledger.ts";

/** What a ledgered model is made of. */
export interface LedgeredModelDeps {
  readonly ledger: Ledger;
  readonly metrics: Metrics;
  /** The run's own signal: once it aborts, nothing more is sent. */
  readonly signal: AbortSignal;
  /** Stops the calls in flight. They outlive a run that the store's trouble or a lost lease ended: they are being paid. */
  readonly callsSignal: AbortSignal;
  /** Whether the job's wall time is used up: what is known is still told, nothing new is sent. */
  readonly isOver: () => boolean;
  /** Told when the books can not be read or written: the run must stop, for nothing may be used unrecorded. */
  readonly onStoreFailure: (error: unknown) => void;
}

/**
 * A model whose answers are recorded before they are used, and read instead of paid where they are known. Equal
 * calls in flight are one call, those of other runs of the family included.
 *
 * A caller that gives up waiting does not stop the call: it is being paid for, so it is finished and booked. Only
 * `callsSignal` stops it, and then nothing is recorded. After the job's wall time a call that is not known is
 * refused with {@link OutOfTimeError}, and so are further tries of one that failed.
 */
export function ledgeredModel(role: Role, model: Model, deps: LedgeredModelDeps): Model {
  const { ledger, signal: runSignal, callsSignal } = deps;
  const inFlight = new Map<string, Promise<ModelResponse>>(); // bounded by the calls the engine has in flight

  const mayTry = () => {
    throwIfAborted(runSignal);
    if (deps.isOver()) throw new OutOfTimeError();
  };

  const booked = async <T>(work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      deps.onStoreFailure(error);
      throw error;
    }
  };

  const answer = async (key: string, request: ModelRequest): Promise<ModelResponse> => {
    throwIfAborted(runSignal);
    const known = await booked(ledger.find(key));
    if (known !== undefined) {
      deps.metrics.count("ledger_hits_total", { role });
      return responseOf(known);
    }
    mayTry();
    const outcome = await pay(model, request, callsSignal, mayTry);
    return responseOf(await booked(ledger.record(key, role, outcome)));
  };

  return {
    id: model.id,
    servedBy: model.servedBy,
    simulated: model.simulated,
    ...(model.price === undefined ? {} : { price: model.price }),
    call(request, signal) {
      const key = callKey(role, model.servedBy, request);
      const settle = () => ledger.inTurn(key, runSignal, () => answer(key, request));
      const flight = inFlight.get(key) ?? ledger.hold(settle()).finally(() => inFlight.delete(key));
      inFlight.set(key, flight);
      return abortable(flight, signal);
    },
  };
}

function responseOf(outcome: CallOutcome): ModelResponse {
  if (outcome.kind === "answer") return outcome.response;
  throw new ModelError(outcome.failure, outcome.message, { lostTries: outcome.lostTries ?? 0 });
}

async function pay(
  model: Model,
  request: ModelRequest,
  signal: AbortSignal,
  mayTry: () => void,
): Promise<CallOutcome> {
  try {
    return { kind: "answer", response: await model.call(request, signal, mayTry) };
  } catch (error) {
    throwIfAborted(signal); // however the provider's client put it, the call was stopped: nothing to record
    if (!(error instanceof ModelError)) throw error;
    const { failure, message, lostTries } = error;
    return { kind: "failure", failure, message, ...(lostTries === 0 ? {} : { lostTries }) };
  }
}
