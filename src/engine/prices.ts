import { MESSAGE_OVERHEAD_TOKENS, type Price } from "../models/model.ts";
import { componentNames, type GraderSpec, promptText, type OptimizeSpec } from "../domain/spec.ts";
import { addCosts, times, type Cost } from "./budget.ts";
import { MAX_LESSON_CHARACTERS } from "./lessons.ts";
import {
  MAX_REFLECTION_ATTEMPTS,
  REFLECTION_MAX_TOKENS,
  SHOWN_FAILURES,
  SHOWN_LESSONS,
  SHOWN_REJECTED_EDITS,
  shownTokens,
} from "./reflection/limits.ts";

/** What one piece of work costs at worst. */
export interface Prices {
  /** One candidate on one example, graded as often as the run grades. */
  readonly worstRun: Cost;
  /** One output, graded once more for the noise floor. */
  readonly worstGrade: Cost;
  /** One answer of the reflection model, whatever it is shown. */
  readonly worstReflection: Cost;
  /** One answer of the reflection model that is shown this. */
  reflectionOn(shown: Shown): Cost;
  /** Answers a proposal may ask for. */
  readonly maxReflections: number;
}

/** What a reflection request shows, as far as it differs from one to the next; sizes in UTF-8 bytes. */
export interface Shown {
  /** The parent's prompt, and in a crossover the other parent's. */
  readonly prompts: readonly number[];
  /** Edits that were rejected. */
  readonly edits: readonly number[];
  /** Examples with their answers. */
  readonly examples: number;
}

/** Prices by role, and how many judge calls a grade takes. */
export interface Rates {
  readonly target?: Price;
  readonly judge?: Price;
  readonly reflection?: Price;
  readonly callsPerGrade: number;
  /** At most, where that is more than expected. */
  readonly maxCallsPerGrade?: number;
}

/** Tokens of a judge call beside every text that is shown to it: instructions, marks, schema. Wide on purpose. */
const JUDGE_FRAME_TOKENS = 4_096;
/** Tokens a judge may answer with, its thinking included. */
const JUDGE_ANSWER_TOKENS = 4_096;
/** Tokens of a reflection request that are the same in every one: rules, orders, the schema, what was wrong before. */
const REFLECTION_FRAME_TOKENS = 4_096;
/** Tokens of the marks around a text, and of a few words of ours beside it. */
const MARKS = 128;
/** The same where the marks name a component, which has up to 64 characters, and twice. */
const NAMED_MARKS = 256;
/** Of the order and the schema that ask for a component: its name three times, and what stands around it. */
const ASKED_COMPONENT_TOKENS = 320;
/** Texts of an example: input, output, ideal, feedback. */
const TEXTS_PER_EXAMPLE = 4;
/** Prompts a reflection request shows: the parent's, and in a crossover the other parent's. */
const PROMPTS_SHOWN = 2;
const PER_MILLION = 1e-6;

/** Upper bound of the tokens of a text: no byte-level tokenizer makes more tokens than there are UTF-8 bytes. */
export function maxTokensOf(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** Bytes an evolved prompt may have, or twice what the seed has: beyond it no call could be priced before it is made. */
const EVOLVED_PROMPT_BYTES = REFLECTION_MAX_TOKENS;
const SEED_GROWTH = 2;
/** UTF-8 bytes of one UTF-16 unit, as `max_characters` counts. */
const BYTES_PER_CHARACTER = 3;

/** The longest prompt, in UTF-8 bytes, that a candidate of a job may be. */
export function maxPromptBytes({ components, constraints }: OptimizeSpec): number {
  const seed = maxTokensOf(promptText(components));
  const limit = Math.max(SEED_GROWTH * seed, EVOLVED_PROMPT_BYTES);
  const { maxCharacters } = constraints;
  return maxCharacters === undefined
    ? limit
    : Math.min(limit, Math.max(seed, maxCharacters * BYTES_PER_CHARACTER));
}

/**
 * Worst cases of a job whose outputs are graded `grades` times each, from its longest example and the longest prompt a
 * proposal may have.
 */
export function worstCases(spec: OptimizeSpec, rates: Rates, grades = 1): Prices {
  const longest = (texts: readonly string[]) => Math.max(0, ...texts.map(maxTokensOf));
  const input = longest(spec.examples.map((e) => e.input));
  const ideal = longest(spec.examples.map((e) => e.ideal ?? ""));
  const prompt = maxPromptBytes(spec);
  const targetIn = prompt + input + MESSAGE_OVERHEAD_TOKENS;
  const targetOut = spec.config.maxTokens;
  const judgeCalls = rates.maxCallsPerGrade ?? rates.callsPerGrade;
  const background = maxTokensOf(
    JSON.stringify([spec.context, spec.evaluationRubric, spec.objectives, spec.grader]),
  );
  const judgeIn = judgeCalls * (JUDGE_FRAME_TOKENS + background + input + ideal + targetOut);
  const judgeOut = judgeCalls * JUDGE_ANSWER_TOKENS;
  const longestPrompts = (count: number) => Array.from({ length: count }, () => prompt);
  const most: Shown = {
    prompts: longestPrompts(PROMPTS_SHOWN),
    edits: longestPrompts(SHOWN_REJECTED_EDITS),
    examples: spec.config.minibatchSize + SHOWN_FAILURES,
  };
  const usd = (price: Price | undefined, inTokens: number, outTokens: number) =>
    price ? (inTokens * price.inputPerMTok + outTokens * price.outputPerMTok) * PER_MILLION : 0;
  const grade: Cost = {
    metricCalls: 0,
    modelCalls: judgeCalls,
    tokens: judgeIn + judgeOut,
    costUsd: usd(rates.judge, judgeIn, judgeOut),
  };
  const reflectionOn = (shown: Shown): Cost => {
    const reflectionIn = maxReflectionTokens(spec, { input, ideal }, shown);
    return {
      metricCalls: 0,
      modelCalls: 1,
      tokens: reflectionIn + REFLECTION_MAX_TOKENS,
      costUsd: usd(rates.reflection, reflectionIn, REFLECTION_MAX_TOKENS),
    };
  };
  const answer: Cost = {
    metricCalls: 1,
    modelCalls: 1,
    tokens: targetIn + targetOut,
    costUsd: usd(rates.target, targetIn, targetOut),
  };
  return {
    worstRun: addCosts(answer, times(grades, grade)),
    worstGrade: { ...grade, metricCalls: 1 },
    worstReflection: reflectionOn(most),
    reflectionOn,
    maxReflections: MAX_REFLECTION_ATTEMPTS,
  };
}

/** Bytes of a job's longest texts. */
interface Longest {
  readonly input: number;
  readonly ideal: number;
}

/** The most that `reflectionRequest` comes to: each text it shows, with its marks. A test holds the two together. */
function maxReflectionTokens(spec: OptimizeSpec, { input, ideal }: Longest, shown: Shown): number {
  const { constraints, config, context, components, evaluationRubric, grader } = spec;
  const background = JSON.stringify([context, evaluationRubric, rubricOf(grader)]);
  const feedback = gradersIn(grader) * JUDGE_ANSWER_TOKENS;
  const perExample =
    TEXTS_PER_EXAMPLE * MARKS +
    [input, ideal, config.maxTokens, feedback].reduce((sum, text) => sum + shownTokens(text), 0);
  const names = componentNames(components).length;
  const withMarks = (bytes: number) => bytes + names * NAMED_MARKS;
  const total = (sizes: readonly number[]) => sizes.reduce((sum, size) => sum + size, 0);
  const quoted = [...constraints.mustKeep, ...constraints.mustNotContain].map((text) => JSON.stringify(text));
  return (
    REFLECTION_FRAME_TOKENS +
    Math.max(0, ...quoted.map(maxTokensOf)) +
    names * ASKED_COMPONENT_TOKENS +
    total(shown.prompts.map(withMarks)) +
    (shownTokens(maxTokensOf(background)) + MARKS) +
    SHOWN_LESSONS * (MAX_LESSON_CHARACTERS * BYTES_PER_CHARACTER + MARKS) +
    total(shown.edits.map((bytes) => shownTokens(withMarks(bytes)) + MARKS)) +
    shown.examples * perExample
  );
}

function rubricOf(grader: GraderSpec): string | undefined {
  return grader.kind === "judge" ? grader.rubric : undefined;
}

/** Graders whose feedback stands in that of the whole: those that a weighted mean is made of, or the one. */
function gradersIn(grader: GraderSpec): number {
  return grader.kind === "multi" ? grader.graders.reduce((sum, part) => sum + gradersIn(part.grader), 0) : 1;
}
