/** The vocabulary of a request, resolved: every default is filled in, so that a job never depends on later defaults. */

import type { ReferenceConfig } from "./reference-config.ts";

/** Which part of the work an example serves. */
export type Split = "train" | "validation" | "test";

/** One thing the prompt is tried on. */
export interface Example {
  readonly id: string;
  readonly input: string;
  readonly ideal?: string;
  readonly split?: Split;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** A prompt by component; the order is that of the names. */
export type Components = Readonly<Record<string, string>>;

/** Name of the only component of a plain prompt. */
export const PROMPT_COMPONENT = "prompt";

/** Limits of one job; one that is absent does not stop it. */
export interface Budget {
  readonly maxIterations: number;
  readonly maxMetricCalls?: number;
  readonly maxModelCalls?: number;
  readonly maxTokens?: number;
  readonly maxCostUsd?: number;
  readonly maxWallTimeS?: number;
}

/** What every new prompt must hold to. */
export interface Constraints {
  readonly mustKeep: readonly string[];
  readonly mustNotContain: readonly string[];
  readonly maxCharacters?: number;
  readonly maxPromptTokens?: number;
  readonly allowPlaceholderLoss: boolean;
  readonly allowAnswerCopying: boolean;
}

/** How parents are chosen. */
export const SELECTIONS = ["pareto", "current_best", "epsilon_greedy", "top_k_pareto"] as const;
export type Selection = (typeof SELECTIONS)[number];

/** Which engine: the better one, or gepa 0.1.4 decision for decision. */
export type Profile = "default" | "reference";

/** Knobs of the search. */
export interface SearchConfig {
  /** Proposals in flight. */
  readonly width: number;
  readonly minibatchSize: number;
  /** Weights by operator name; an operator that is absent keeps its own. */
  readonly operators: Readonly<Record<string, number>>;
  readonly selection: Selection;
  readonly merge: boolean;
  readonly earlyStopPatience?: number;
  /** Of the target model. */
  readonly temperature?: number;
  /** Output cap of the target model. */
  readonly maxTokens: number;
  readonly profile: Profile;
  readonly targetScore?: number;
  /** Grades of one output at most, where the judge is noisy. Absent in jobs that are older than the knob: 1. */
  readonly maxGrades?: number;
  /** Of the profile `reference` only; absent: its defaults. */
  readonly reference?: ReferenceConfig;
}

/** How an output is scored. */
export type GraderSpec =
  | { readonly kind: "judge"; readonly rubric?: string }
  | { readonly kind: "exact"; readonly ignoreCase: boolean; readonly keepWhitespace: boolean }
  | { readonly kind: "contains"; readonly text?: string; readonly ignoreCase: boolean }
  | {
      readonly kind: "regex";
      readonly pattern: string;
      readonly ignoreCase: boolean;
      readonly groupEqualsIdeal: boolean;
    }
  | { readonly kind: "numeric"; readonly tolerance: number; readonly relative: boolean }
  | { readonly kind: "json_schema"; readonly schema: Readonly<Record<string, unknown>> }
  | {
      readonly kind: "similarity";
      readonly metric: "token_f1" | "levenshtein" | "rouge_l";
      readonly threshold?: number;
    }
  | { readonly kind: "multi"; readonly graders: readonly WeightedGraderSpec[] };

/** One part of a weighted mean. */
export interface WeightedGraderSpec {
  readonly name: string;
  readonly weight: number;
  readonly grader: GraderSpec;
}

/** Kinds of graders this version serves. */
export type GraderKind = GraderSpec["kind"];

/** Whether a grader asks the judge, so that there must be one. */
export function asksJudge(grader: GraderSpec): boolean {
  return grader.kind === "multi"
    ? grader.graders.some((part) => asksJudge(part.grader))
    : grader.kind === "judge";
}

/** One optimisation, resolved. */
export interface OptimizeSpec {
  readonly name?: string;
  readonly components: Components;
  readonly targetModelId: string;
  readonly examples: readonly Example[];
  readonly grader: GraderSpec;
  readonly evaluationRubric?: string;
  readonly objectives: readonly string[];
  readonly context: Readonly<Record<string, string>>;
  readonly budget: Budget;
  readonly constraints: Constraints;
  readonly config: SearchConfig;
  readonly seed: number;
}

/** Names of the components in the one order that is used everywhere. */
export function componentNames(components: Components): string[] {
  return Object.keys(components).sort();
}

/** The whole prompt as one text: a single component as it is, several joined by a blank line in the order of names. */
export function promptText(components: Components): string {
  return componentNames(components)
    .map((name) => components[name])
    .join("\n\n");
}
