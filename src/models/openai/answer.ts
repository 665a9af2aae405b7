import type { ModelRequest, ModelResponse, Usage } from "../model.ts";
import { failed, failureOfStatus } from "./failure.ts";

/** Rule of thumb where a provider tells no tokens, as some self-hosted ones do not. */
const CHARACTERS_PER_TOKEN = 4;

/** Why a model ended, by the provider's word; words that are not here mean that it was done. */
const FINISH_REASONS: Readonly<Record<string, ModelResponse["finishReason"]>> = {
  length: "length",
  max_tokens: "length",
  content_filter: "content_filter",
};

/**
 * Reads a chat completion. It comes from outside, whatever its type says: everything is looked at before it is used.
 * Throws a ModelError where it holds no answer.
 */
export function readAnswer(body: unknown, request: ModelRequest): ModelResponse {
  const answer = record(body);
  const [choice] = Array.isArray(answer.choices) ? answer.choices.map(record) : [];
  if (choice === undefined) throw errorInBody(record(answer.error));
  if (choice.finish_reason === "error") throw failed("unavailable");
  const message = record(choice.message);
  const refusal = typeof message.refusal === "string" && message.refusal !== "" ? message.refusal : undefined;
  const finishReason =
    refusal === undefined ? (FINISH_REASONS[String(choice.finish_reason)] ?? "stop") : "content_filter";
  const text = refusal ?? message.content ?? (finishReason === "stop" ? undefined : "");
  if (typeof text !== "string") throw failed("malformed");
  const usage = record(answer.usage);
  const cost = usage.cost; // OpenRouter tells what it charged
  return {
    text,
    finishReason,
    usage: readUsage(usage, request, text),
    ...(typeof cost === "number" && Number.isFinite(cost) && cost >= 0 ? { costUsd: cost } : {}),
  };
}

/** OpenRouter answers 200 with an error where the model behind it failed late. */
function errorInBody(error: Record<string, unknown>) {
  const status = Number(error.code);
  const isStatus = Number.isInteger(status) && status >= 400 && status < 600;
  return isStatus ? failed(failureOfStatus(status, undefined), { status }) : failed("malformed");
}

function readUsage(usage: Record<string, unknown>, request: ModelRequest, text: string): Usage {
  const sent = request.messages.reduce((sum, message) => sum + message.content.length, 0);
  const inputTokens = count(usage.prompt_tokens) ?? Math.ceil(sent / CHARACTERS_PER_TOKEN);
  const cached = count(record(usage.prompt_tokens_details).cached_tokens) ?? 0;
  return {
    inputTokens,
    cachedInputTokens: Math.min(cached, inputTokens),
    outputTokens: count(usage.completion_tokens) ?? Math.ceil(text.length / CHARACTERS_PER_TOKEN),
  };
}

function count(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
