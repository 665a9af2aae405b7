import { APIConnectionError, APIConnectionTimeoutError, APIError } from "openai";
import { ModelError, type ModelFailure } from "../model.ts";
import { BrokenBodyError } from "./bounded-fetch.ts";
import { retryAfterMs } from "./retry-after.ts";

/** What each failure is called to people; no provider's own words, for those can hold prompts and keys. */
const SENTENCES: Readonly<Record<ModelFailure, string>> = {
  rate_limited: "The model's provider limits the rate of calls.",
  timeout: "The model did not answer in time.",
  unavailable: "The model's provider can not be reached or has failed.",
  malformed: "The model's provider gave an answer that can not be read.",
  auth: "The model's provider does not accept the configured key.",
  not_found: "The model's provider does not know this model or address.",
  bad_request: "The model's provider refused the request.",
  content_filter: "The model's provider refused the content.",
  quota: "The account at the model's provider has no credit left.",
};

/** A failure as an error, with the provider's status in its message where there is one. */
export function failed(
  failure: ModelFailure,
  options: { readonly status?: number; readonly retryAfterMs?: number; readonly cause?: unknown } = {},
): ModelError {
  const { status, ...rest } = options;
  return new ModelError(
    failure,
    `${SENTENCES[failure]}${status === undefined ? "" : ` (HTTP ${status})`}`,
    rest,
  );
}

/** What a status means; `code` is the provider's own, which tells some cases apart that share a status. */
export function failureOfStatus(status: number, code: string | undefined): ModelFailure {
  if (code === "insufficient_quota" || status === 402) return "quota";
  if (code !== undefined && /content_(?:filter|policy)/.test(code)) return "content_filter";
  if (status === 429) return "rate_limited";
  if (status === 408) return "timeout";
  if (status === 401 || status === 403) return "auth";
  if (status === 404) return "not_found";
  return status >= 500 || status === 409 || status === 425 ? "unavailable" : "bad_request";
}

/** What the `openai` package throws, as a {@link ModelError}. The one translation of this provider's failures. */
export function toModelError(error: unknown, now: number): ModelError {
  if (error instanceof ModelError) return error;
  if (error instanceof APIConnectionTimeoutError) return failed("timeout", { cause: error });
  if (error instanceof APIConnectionError) {
    return failed(error.cause instanceof BrokenBodyError ? "malformed" : "unavailable", { cause: error });
  }
  if (error instanceof APIError && typeof error.status === "number") {
    const wait = retryAfterMs(error.headers, now);
    return failed(failureOfStatus(error.status, error.code ?? undefined), {
      status: error.status,
      cause: error,
      ...(wait === undefined ? {} : { retryAfterMs: wait }),
    });
  }
  return failed("malformed", { cause: error }); // what is left is a body that is no JSON
}
