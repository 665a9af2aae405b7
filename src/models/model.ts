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
}

/** US dollars per million tokens. */
export interface Price {
  readonly inputPerMTok: number;
  readonly cachedInputPerMTok: number;
  readonly outputPerMTok: number;
}

/** Why a call failed, and what follows. */
export const MODEL_FAILURES = {
  rate_limited: { retryable: true, mayBeBilled: false },
  timeout: { retryable: true, mayBeBilled: true },
  unavailable: { retryable: true, mayBeBilled: true },
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

  constructor(
    failure: ModelFailure,
    message: string,
    options: { retryAfterMs?: number; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.failure = failure;
    this.retryAfterMs = options.retryAfterMs;
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

/**
 * What a call that failed is booked with, so that limits hold whatever the provider bills: the call alone where it was
 * refused, its worst case where nobody knows what became of it. No byte-level tokenizer makes more tokens than there are
 * UTF-8 bytes. US dollars are 0 where no price is known.
 */
export function bookFailedCall(
  { price }: Pick<Model, "price">,
  { messages, maxTokens, responseSchema }: ModelRequest,
  failure: ModelFailure,
): { readonly modelCalls: 1; readonly tokens: number; readonly costUsd: number } {
  if (!MODEL_FAILURES[failure].mayBeBilled) return { modelCalls: 1, tokens: 0, costUsd: 0 };
  const texts = [
    ...messages.map((m) => m.content),
    ...(responseSchema ? [JSON.stringify(responseSchema)] : []),
  ];
  const input = texts.reduce((sum, text) => sum + Buffer.byteLength(text, "utf8"), MESSAGE_OVERHEAD_TOKENS);
  const perMTok = price ? input * price.inputPerMTok + maxTokens * price.outputPerMTok : 0;
  return { modelCalls: 1, tokens: input + maxTokens, costUsd: perMTok * PER_MILLION };
}
