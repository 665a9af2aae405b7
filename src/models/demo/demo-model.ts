import type { Clock } from "../../base/clock.ts";
import { throwIfAborted } from "../../base/abort.ts";
import type { Role } from "../../domain/spend.ts";
import type { Model, ModelRequest, ModelResponse, Price } from "../model.ts";
import { judgeAnswer } from "./judge.ts";
import { reflectionAnswer } from "./reflection.ts";
import { targetAnswer } from "./target.ts";
import { estimateTokens } from "./text.ts";

/** What the simulated models need. */
export interface DemoOptions {
  readonly clock: Clock;
  /** Simulated time an answer takes, so that a watcher sees a job move; 0 for none. */
  readonly latencyMs: number;
}

/** How each simulated model answers: a pure function of the request. Throws a ModelError where it can not. */
const ANSWERS = {
  target: targetAnswer,
  judge: judgeAnswer,
  reflection: reflectionAnswer,
} as const satisfies Record<Role, (request: ModelRequest) => string>;

/** Nothing is paid for a simulated answer; the price is known, so that budgets in money can be tried out. */
const FREE: Price = { inputPerMTok: 0, cachedInputPerMTok: 0, outputPerMTok: 0 };

/**
 * A simulated model: no network, no key, and the same answer to the same request for ever. It is sent exactly what a
 * real model would be sent and knows nothing else. `id` is what the caller named, which may be a real model's name
 * that this one stands in for.
 */
export function createDemoModel(role: Role, id: string, options: DemoOptions): Model {
  return {
    id,
    servedBy: `demo:${role}`,
    simulated: true,
    price: FREE,
    async call(request, signal) {
      throwIfAborted(signal);
      if (options.latencyMs > 0) await options.clock.sleep(options.latencyMs, signal);
      return respond(request, ANSWERS[role](request));
    },
  };
}

function respond(request: ModelRequest, text: string): ModelResponse {
  const inputTokens = request.messages.reduce((sum, message) => sum + estimateTokens(message.content), 0);
  const full = estimateTokens(text);
  const cut = full > request.maxTokens;
  return {
    text: cut ? text.slice(0, request.maxTokens * 4) : text,
    finishReason: cut ? "length" : "stop",
    usage: { inputTokens, cachedInputTokens: 0, outputTokens: Math.min(full, request.maxTokens) },
    costUsd: 0,
  };
}
