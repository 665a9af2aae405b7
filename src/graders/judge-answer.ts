import type { ModelResponse } from "../models/model.ts";

/** A valid judgement. */
export interface JudgeAnswer {
  readonly score: number;
  readonly feedback: string;
  readonly criteria: Readonly<Record<string, number>>;
}

/** Feedback is cut here: it is put into reflection prompts, several at a time. */
export const MAX_FEEDBACK_CHARACTERS = 4_000;

/**
 * The schema a judge answers in. Feedback comes first, so that the score follows from it; ranges stand in the
 * descriptions, because not every provider accepts bounds in a strict schema.
 */
export function judgeSchema(criteria: readonly string[]): Readonly<Record<string, unknown>> {
  const score = { type: "number", description: "From 0 to 1." };
  return {
    type: "object",
    additionalProperties: false,
    required: ["feedback", "score", "criteria"],
    properties: {
      feedback: { type: "string" },
      score,
      criteria: {
        type: "object",
        additionalProperties: false,
        required: [...criteria],
        properties: Object.fromEntries(criteria.map((name) => [name, score])),
      },
    },
  };
}

/** The judgement in a judge's answer; undefined where it is cut off, no JSON, incomplete or out of range. */
export function parseJudgeAnswer(
  response: ModelResponse,
  criteria: readonly string[],
): JudgeAnswer | undefined {
  if (response.finishReason !== "stop") return undefined;
  const value = parseJson(response.text);
  if (value === undefined || !isShare(value.score) || typeof value.feedback !== "string") return undefined;
  const scores = isRecord(value.criteria) ? value.criteria : {};
  const named: [string, number][] = [];
  for (const name of criteria) {
    const score = scores[name];
    if (!isShare(score)) return undefined;
    named.push([name, score]);
  }
  return {
    score: value.score,
    feedback: value.feedback.slice(0, MAX_FEEDBACK_CHARACTERS),
    criteria: Object.fromEntries(named),
  };
}

/** Some models put a code fence around their JSON even when they are given a schema. */
const CODE_FENCE = /^```(?:json)?\s*\n([\s\S]*)\n```$/;

function parseJson(text: string): Record<string, unknown> | undefined {
  const trimmed = text.trim();
  try {
    const value: unknown = JSON.parse(CODE_FENCE.exec(trimmed)?.[1] ?? trimmed);
    return isRecord(value) ? value : undefined;
  } catch {
    return undefined; // not JSON is one of the ways an answer is invalid
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShare(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 1;
}
