import type { Price } from "../models/model.ts";
import { promptText, type OptimizeSpec } from "../domain/spec.ts";
import type { Cost } from "./budget.ts";
import { MAX_ACTIVE_LESSONS, MAX_LESSON_CHARACTERS } from "./lessons.ts";
import {
  MAX_REFLECTION_ATTEMPTS,
  MAX_SHOWN_TOKENS,
  REFLECTION_MAX_TOKENS,
  SHOWN_REJECTED_EDITS,
} from "./reflection/limits.ts";

/** What one piece of work costs at worst. */
export interface Prices {
  /** One candidate on one example, graded. */
  readonly worstRun: Cost;
  /** One answer of the reflection model. */
  readonly worstReflection: Cost;
  /** Answers a proposal may ask for. */
  readonly maxReflections: number;
}

/** US dollars per token by role, and how many judge calls a grade takes. */
export interface Rates {
  readonly target?: Price;
  readonly judge?: Price;
  readonly reflection?: Price;
  readonly callsPerGrade: number;
}

/**
 * Tokens a judge call has beside the texts it judges: its instructions and its own answer. Wide on purpose; it only
 * serves as the worst case.
 */
const JUDGE_OVERHEAD_TOKENS = 4_096;
/** Tokens of a reflection request that are the same in every one: rules, orders, marks, the schema. */
const REFLECTION_FRAME_TOKENS = 4_096;
/** Tokens of the marks around the four texts of an example. */
const MARKS_PER_EXAMPLE = 256;
/** Prompts a reflection request shows: the parent's, and in a crossover the other parent's. */
const PROMPTS_SHOWN = 2;
/** Tokens the chat form adds to a call. */
const MESSAGE_OVERHEAD_TOKENS = 64;
const PER_MILLION = 1e-6;

/** Upper bound of the tokens of a text: no byte-level tokenizer makes more tokens than there are UTF-8 bytes. */
export function maxTokensOf(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** Worst cases of a job, from its longest example and the longest prompt a proposal may have. */
export function worstCases(spec: OptimizeSpec, rates: Rates): Prices {
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map(maxTokensOf));
  const input = longest(spec.examples.map((e) => e.input));
  const ideal = longest(spec.examples.map((e) => e.ideal ?? ""));
  const prompt = Math.max(maxTokensOf(promptText(spec.components)), REFLECTION_MAX_TOKENS);
  const targetIn = prompt + input + MESSAGE_OVERHEAD_TOKENS;
  const targetOut = spec.config.maxTokens;
  const judgeTokens = rates.callsPerGrade * (JUDGE_OVERHEAD_TOKENS + input + ideal + targetOut);
  const seen = (tokens: number) => Math.min(tokens, MAX_SHOWN_TOKENS);
  const perExample =
    seen(input) + seen(ideal) + seen(targetOut) + seen(JUDGE_OVERHEAD_TOKENS) + MARKS_PER_EXAMPLE;
  const reflectionIn =
    REFLECTION_FRAME_TOKENS +
    MAX_ACTIVE_LESSONS * MAX_LESSON_CHARACTERS +
    seen(maxTokensOf(JSON.stringify(spec.context)) + maxTokensOf(spec.evaluationRubric ?? "")) +
    (PROMPTS_SHOWN + SHOWN_REJECTED_EDITS) * prompt +
    spec.config.minibatchSize * perExample;
  const usd = (price: Price | undefined, inTokens: number, outTokens: number) =>
    price ? (inTokens * price.inputPerMTok + outTokens * price.outputPerMTok) * PER_MILLION : 0;
  return {
    worstRun: {
      metricCalls: 1,
      modelCalls: 1 + rates.callsPerGrade,
      tokens: targetIn + targetOut + judgeTokens,
      costUsd:
        usd(rates.target, targetIn, targetOut) +
        usd(rates.judge, judgeTokens, rates.callsPerGrade * JUDGE_OVERHEAD_TOKENS),
    },
    worstReflection: {
      metricCalls: 0,
      modelCalls: 1,
      tokens: reflectionIn + REFLECTION_MAX_TOKENS,
      costUsd: usd(rates.reflection, reflectionIn, REFLECTION_MAX_TOKENS),
    },
    maxReflections: MAX_REFLECTION_ATTEMPTS,
  };
}
