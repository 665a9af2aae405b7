/** The contract of a chat model. One call, one answer, one price; no retries, no books: those are wrapped around it. */

/** One message of a conversation. */
export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** One call. Everything that decides the answer stands here, so that a call can be found again by its content. */
export interface ModelRequest {
  readonly messages: readonly Message[];
  /** Output cap in tokens; every call has one, so that its worst case is known before it is paid. */
  readonly maxTokens: number;
  readonly temperature?: number;
  /** Asks for an answer that is JSON of this schema (structured output). */
  readonly responseSchema?: { readonly name: string; readonly schema: Readonly<Record<string, unknown>> };
  /** Tells repeated samples of one request apart; 0 for the first. */
  readonly sampleIndex: number;
}

/** Tokens of one call. */
export interface Usage {
  readonly inputTokens: number;
  /** Of the input, read from the provider's cache. */
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
}

/** An answer. */
export interface ModelResponse {
  readonly text: string;
  readonly finishReason: "stop" | "length" | "content_filter";
  readonly usage: Usage;
  /** US dollars; absent where the price is not known. */
  readonly costUsd?: number;
  /** Tries before this one that failed and may be billed too; absent where there was none. */
  readonly lostTries?: number;
}

/** US dollars per million tokens. */
export interface Price {
  readonly inputPerMTok: number;
  readonly cachedInputPerMTok: number;
  readonly outputPerMTok: number;
}

/**
 * Why a call failed, and what follows. What was not waited for, or could not be read, may be billed all the same; who
 * answers with an error, or can not be reached, bills nothing.
 */
export const MODEL_FAILURES = {
  rate_limited: { retryable: true, mayBeBilled: false },
  timeout: { retryable: true, mayBeBilled: true },
  unavailable: { retryable: true, mayBeBilled: false },
  malformed: { retryable: true, mayBeBilled: true },
  auth: { retryable: false, mayBeBilled: false },
  not_found: { retryable: false, mayBeBilled: false },
  bad_request: { retryable: false, mayBeBilled: false },
  content_filter: { retryable: false, mayBeBilled: false },
  quota: { retryable: false, mayBeBilled: false },
} as const satisfies Record<string, { retryable: boolean; mayBeBilled: boolean }>;
export type ModelFailure = keyof typeof MODEL_FAILURES;

/** A call that failed. `message` is safe to show: no key, no prompt, no provider text. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly failure: ModelFailure;
  /** What the provider asked us to wait. */
  readonly retryAfterMs: number | undefined;
  /** Tries before this one that may be billed too. */
  readonly lostTries: number;

  constructor(
    failure: ModelFailure,
    message: string,
    options: { retryAfterMs?: number; lostTries?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs;
    this.lostTries = options.lostTries ?? 0;
  }

  /** The same failure after tries that may be billed too. */
  after(lostTries: number): ModelError {
    const { failure, message, retryAfterMs, cause } = this;
    return new ModelError(failure, message, {
      lostTries,
      cause,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  }

  get retryable(): boolean {
    return MODEL_FAILURES[this.failure].retryable;
  }
}

/** A model that can be called. */
export interface Model {
  /** As the caller or the configuration named it. */
  readonly id: string;
  /** Provider and model that answer, such as "openai:gpt-5-mini" or "demo:target". */
  readonly servedBy: string;
  readonly simulated: boolean;
  /** Absent where it is not known. */
  readonly price?: Price;
  /**
   * Rejects with a {@link ModelError}, or with the signal's reason once it aborts. Where a try has had to wait its turn,
   * `mayTry` is asked right before it is sent; what that throws ends the call.
   */
  call(request: ModelRequest, signal: AbortSignal, mayTry?: () => void): Promise<ModelResponse>;
}

/** Tokens the chat form adds to a call, at most. */
export const MESSAGE_OVERHEAD_TOKENS = 64;
const PER_MILLION = 1e-6;

/** What a call is booked with in the budget. US dollars are 0 where no price is known. */
export interface Booking {
  readonly modelCalls: number;
  /** Input and output together. */
  readonly tokens: number;
  readonly costUsd: number;
}

/** What an answer is booked with: what it cost, and tries before it that may be billed at their worst. */
export function bookAnswer(
  model: Pick<Model, "price">,
  request: ModelRequest,
  answer: ModelResponse,
): Booking {
  const lost = bookLost(model, request, answer.lostTries ?? 0);
  return {
    modelCalls: 1 + lost.modelCalls,
    tokens: answer.usage.inputTokens + answer.usage.outputTokens + lost.tokens,
    costUsd: (answer.costUsd ?? 0) + lost.costUsd,
  };
}

/** What a call that failed for good is booked with, so that limits hold whatever the provider bills. */
export function bookFailure(model: Pick<Model, "price">, request: ModelRequest, error: ModelError): Booking {
  const { mayBeBilled } = MODEL_FAILURES[error.failure];
  const lost = bookLost(model, request, error.lostTries + (mayBeBilled ? 1 : 0));
  return { ...lost, modelCalls: error.lostTries + 1 };
}

/** Tries nobody knows the outcome of, at their worst: no byte-level tokenizer makes more tokens than there are UTF-8 bytes. */
function bookLost(
  { price }: Pick<Model, "price">,
  { messages, maxTokens, responseSchema }: ModelRequest,
  tries: number,
): Booking {
  const texts = [
    ...messages.map((m) => m.content),
    ...(responseSchema ? [JSON.stringify(responseSchema)] : []),
  ];
  const input = texts.reduce((sum, text) => sum + Buffer.byteLength(text, "utf8"), MESSAGE_OVERHEAD_TOKENS);
  const perMTok = price ? input * price.inputPerMTok + maxTokens * price.outputPerMTok : 0;
  return { modelCalls: tries, tokens: tries * (input + maxTokens), costUsd: tries * perMTok * PER_MILLION };
}
