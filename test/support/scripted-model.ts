import type { Model, ModelRequest, ModelResponse } from "../../src/models/model.ts";

/** A model that answers by script and remembers what it was asked. */
export interface ScriptedModel extends Model {
  readonly requests: ModelRequest[];
}

/** A script: the answer to the n-th call (from 1), which may wait, throw, or obey the signal. */
export type Script = (
  request: ModelRequest,
  call: number,
  signal: AbortSignal,
) => ModelResponse | Promise<ModelResponse>;

/** An answer with this text; ten tokens in, five out. */
export function anAnswer(text: string, costUsd?: number): ModelResponse {
  return {
    text,
    finishReason: "stop",
    usage: { inputTokens: 10, cachedInputTokens: 2, outputTokens: 5 },
    ...(costUsd === undefined ? {} : { costUsd }),
  };
}

/** One user message. */
export function aRequest(content: string, sampleIndex = 0): ModelRequest {
  return { messages: [{ role: "user", content }], maxTokens: 100, sampleIndex };
}

/** A model named `id`; without a script it echoes the last message. */
export function scriptedModel(
  id: string,
  script: Script = (request) => anAnswer(`${id}: ${request.messages.at(-1)?.content}`),
  overrides: Partial<Model> = {},
): ScriptedModel {
  const requests: ModelRequest[] = [];
  return {
    id,
    servedBy: `scripted:${id}`,
    simulated: false,
    requests,
    async call(request, signal) {
      requests.push(request);
      return script(request, requests.length, signal);
    },
    ...overrides,
  };
}

/** Never answers; rejects with the signal's reason. */
export function untilAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    else signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

/** A promise with its ends. */
export function deferred<T = void>(): {
  readonly promise: Promise<T>;
  resolve(value: T): void;
  reject(error: unknown): void;
} {
  let ends: { resolve(value: T): void; reject(error: unknown): void } | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    ends = { resolve, reject };
  });
  return { promise, resolve: (value) => ends?.resolve(value), reject: (error) => ends?.reject(error) };
}
