import type { ReferenceConfig, Sampling } from "./reference-config.ts";
import type { Components, GraderSpec, Profile, Selection, Split } from "./spec.ts";

/** A request as the caller sent it: what is absent here gets its default when the job is created. */
export interface SpecRequest {
  readonly name?: string;
  /** A plain prompt stands under {@link PROMPT_COMPONENT}. */
  readonly components: Components;
  readonly targetModelId?: string;
  readonly examples: readonly ExampleRequest[];
  readonly grader?: GraderSpec;
  readonly evaluationRubric?: string;
  readonly objectives: readonly string[];
  readonly context: Readonly<Record<string, string>>;
  readonly budget: BudgetRequest;
  readonly constraints: ConstraintsRequest;
  readonly config: SearchConfigRequest;
  readonly seed: number;
}

/** An example before it has an id. */
export interface ExampleRequest {
  readonly id?: string;
  readonly input: string;
  readonly ideal?: string;
  readonly split?: Split;
  readonly metadata?: Readonly<Record<string, unknown>>;
}

/** Limits as sent. */
export interface BudgetRequest {
  readonly maxIterations?: number;
  readonly maxMetricCalls?: number;
  readonly maxModelCalls?: number;
  readonly maxTokens?: number;
  readonly maxCostUsd?: number;
  readonly maxWallTimeS?: number;
}

/** Constraints as sent. */
export interface ConstraintsRequest {
  readonly mustKeep: readonly string[];
  readonly mustNotContain: readonly string[];
  readonly maxCharacters?: number;
  readonly maxPromptTokens?: number;
  readonly allowPlaceholderLoss: boolean;
  readonly allowAnswerCopying: boolean;
}

/** Knobs as sent. */
export interface SearchConfigRequest {
  readonly width?: number;
  readonly minibatchSize?: number;
  readonly operators: Readonly<Record<string, number>>;
  readonly selection?: Selection;
  readonly merge?: boolean;
  readonly earlyStopPatience?: number;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly profile?: Profile;
  readonly targetScore?: number;
  readonly maxGrades?: number;
  readonly reference?: ReferenceConfigRequest;
}

/** Knobs of the profile `reference` as sent. */
export interface ReferenceConfigRequest extends Partial<Omit<ReferenceConfig, "sampling">> {
  readonly sampling?: Partial<Sampling>;
}
