import { OpenAI } from "openai";
import type { ChatCompletionCreateParamsNonStreaming } from "openai/resources/chat/completions";
import { throwIfAborted } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import type { Model, ModelRequest } from "../model.ts";
import { readAnswer } from "./answer.ts";
import { boundedFetch } from "./bounded-fetch.ts";
import { failed, toModelError } from "./failure.ts";

/** OpenAI's own address. */
export const OPENAI_BASE_URL = "https://api.openai.com/v1";

/** OpenRouter's address. */
export const OPENROUTER_BASE_URL = "https://openrouter.ai/api/v1";

/** The client's own timer is set beyond any timeout of ours: ours runs on the clock that came in by parameter. */
const NO_CLIENT_TIMEOUT_MS = 2 ** 31 - 1;

/** An endpoint that speaks OpenAI's chat completions. */
export interface OpenAiOptions {
  /** First part of `servedBy`. */
  readonly provider: "openai" | "openrouter";
  readonly apiKey?: string;
  readonly baseUrl: string;
  /** Time one call may take, from the first byte sent to the last received. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/**
 * Opens an endpoint; the function it returns makes the model of a name. One call is one request: the client's retries
 * are off, so that none escapes the books.
 */
export function createOpenAi(options: OpenAiOptions): (name: string, id: string) => Model {
  const { provider, apiKey, baseUrl, timeoutMs, clock } = options;
  const client = new OpenAI({
    baseURL: baseUrl,
    apiKey: apiKey ?? "none",
    // Nothing is taken from the environment behind the configuration's back.
    organization: null,
    project: null,
    webhookSecret: null,
    logLevel: "off",
    maxRetries: 0,
    timeout: NO_CLIENT_TIMEOUT_MS,
    fetch: boundedFetch,
    ...(apiKey === undefined ? { defaultHeaders: { authorization: null } } : {}),
  });

  return (name, id) => ({
    id,
    servedBy: `${provider}:${name}`,
    simulated: false,
    async call(request, signal) {
      throwIfAborted(signal);
      const http = new AbortController();
      const timer = new AbortController();
      const stop = () => http.abort();
      let timedOut = false;
      signal.addEventListener("abort", stop, { once: true });
      const onTimeout = () => {
        timedOut = true;
        stop();
      };
      clock.sleep(timeoutMs, timer.signal).then(onTimeout, () => undefined); // aborted: the call ended in time
      try {
        const body = await client.chat.completions.create(bodyOf(name, request, baseUrl), {
          signal: http.signal,
        });
        return readAnswer(body, request);
      } catch (error) {
        throwIfAborted(signal);
        throw timedOut ? failed("timeout") : toModelError(error, clock.now());
      } finally {
        timer.abort();
        signal.removeEventListener("abort", stop);
      }
    },
  });
}

/**
 * The request on the wire. OpenAI wants the output cap as `max_completion_tokens` (its reasoning models refuse the
 * older name); every other endpoint knows `max_tokens`, and many know only that. `sampleIndex` is not sent: providers
 * sample anew for every call.
 */
function bodyOf(
  name: string,
  request: ModelRequest,
  baseUrl: string,
): ChatCompletionCreateParamsNonStreaming {
  const { messages, maxTokens, temperature, responseSchema } = request;
  return {
    model: name,
    messages: messages.map(({ role, content }) => ({ role, content })),
    ...(baseUrl === OPENAI_BASE_URL ? { max_completion_tokens: maxTokens } : { max_tokens: maxTokens }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(responseSchema === undefined
      ? {}
      : {
          response_format: {
            type: "json_schema",
            json_schema: { name: responseSchema.name, strict: true, schema: { ...responseSchema.schema } },
          },
        }),
  };
}
