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
  rate_limited: { retryable: true },
  timeout: { retryable: true },
  unavailable: { retryable: true },
  malformed: { retryable: true },
  auth: { retryable: false },
  not_found: { retryable: false },
  bad_request: { retryable: false },
  content_filter: { retryable: false },
  quota: { retryable: false },
} as const satisfies Record<string, { retryable: boolean }>;
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
