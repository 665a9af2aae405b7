import { REFERENCE_CONFIG_DEFAULTS, type ReferenceConfig } from "../../domain/reference-config.ts";
import type { Components, Selection } from "../../domain/spec.ts";
import type { Rng } from "../../base/rng.ts";

/** One candidate on several examples, in their order; a failed example is a low score here, never a gap. */
export interface Batch<R> {
  readonly scores: readonly number[];
  /** Objective scores by name, one entry an example. */
  readonly objectives?: readonly Readonly<Record<string, number>>[];
  /** What reflection reads, one entry an example. */
  readonly records: readonly R[];
}

/** What one mutation starts from. */
export interface MutationTask<R> {
  readonly parent: Components;
  readonly exampleIds: readonly string[];
  readonly batch: Batch<R>;
  /** The components to write anew. */
  readonly components: readonly string[];
}

/** What the reference engine needs from the world. */
export interface ReferencePorts<R> {
  evaluate(candidate: Components, exampleIds: readonly string[]): Promise<Batch<R>>;
  /** New texts by component; undefined or a rejection where none could be had. */
  propose(task: MutationTask<R>): Promise<Components | undefined>;
  readonly rng: Rng;
  /** US dollars paid to the reflection model so far; absent where nobody counts, and then no limit on it is reached. */
  reflectionCostUsd?(): number;
  /** Asked at the top of every iteration, the only place where the reference looks; true ends the run. */
  isStopped(): Promise<boolean>;
}

/** Every knob of the reference, with its own defaults in {@link REFERENCE_DEFAULTS}. */
export interface ReferenceOptions
  extends Omit<
    ReferenceConfig,
    "reflectionTemplate" | "reflectionTemplates" | "maxReflectionCostUsd" | "maxTrackedCandidates"
  > {
  readonly seed: Components;
  readonly train: readonly string[];
  /** Absent: the training examples, which then share one cache split with them. */
  readonly validation?: readonly string[];
  readonly selector: Selection;
  readonly minibatchSize: number;
  readonly useMerge: boolean;
  readonly stop: StopConditions;
}

/** When the run ends; the first that holds. */
export interface StopConditions {
  readonly maxMetricCalls?: number;
  /** US dollars paid to the reflection model. */
  readonly maxReflectionCostUsd?: number;
  readonly maxProposals?: number;
  readonly scoreThreshold?: number;
  /** Checks in a row without a better best mean. */
  readonly noImprovement?: number;
  readonly maxTrackedCandidates?: number;
}

/** The defaults of `gepa.optimize` 0.1.4 (api.py). */
export const REFERENCE_DEFAULTS = {
  ...REFERENCE_CONFIG_DEFAULTS,
  selector: "pareto",
  minibatchSize: 3,
  useMerge: false,
  stop: {},
} as const satisfies Omit<ReferenceOptions, "seed" | "train">;

/**
 * A decision of the reference, under the name of its own callback. Candidates are numbered from 0, the seed. Where an
 * iteration makes several proposals, `proposal` says which of them (0, 1 …) a step is about; a merge has none. A
 * decision's sums, `before` of the parent (of a merge the better one) and `after` or `score` of the child, are over so
 * many `examples`.
 */
export type ReferenceStep<R> =
  | {
      readonly kind: "valset_evaluated";
      readonly iteration: number;
      readonly candidate: number;
      readonly proposal?: number;
      readonly average: number;
      readonly isBest: boolean;
      readonly exampleIds: readonly string[];
      readonly batch: Batch<R>;
    }
  | {
      readonly kind: "candidate_selected";
      readonly iteration: number;
      readonly candidate: number;
      readonly score: number;
    }
  | {
      readonly kind: "minibatch_sampled";
      readonly iteration: number;
      readonly exampleIds: readonly string[];
    }
  | {
      readonly kind: "evaluation_end";
      readonly iteration: number;
      /** Absent for a child that has no number yet. */
      readonly candidate?: number;
      readonly proposal?: number;
      readonly components: Components;
      readonly exampleIds: readonly string[];
      readonly batch: Batch<R>;
      /** What the child was made by; absent for a parent. */
      readonly by?: "mutation" | "merge";
    }
  | {
      readonly kind: "evaluation_skipped";
      readonly iteration: number;
      readonly proposal: number;
      readonly reason: string;
    }
  | {
      readonly kind: "proposal_end";
      readonly iteration: number;
      readonly proposal: number;
      readonly parent: number;
      readonly texts: Components;
      readonly components: Components;
    }
  | {
      readonly kind: "proposal_dropped";
      readonly iteration: number;
      readonly proposal: number;
      readonly parent: number;
    }
  | { readonly kind: "budget_updated"; readonly iteration: number; readonly used: number }
  | {
      readonly kind: "candidate_rejected";
      readonly iteration: number;
      readonly proposal: number;
      readonly components: Components;
      readonly before: number;
      readonly after: number;
      readonly examples: number;
      readonly parents: readonly number[];
      readonly reason: string;
    }
  | {
      readonly kind: "pareto_front_updated";
      readonly iteration: number;
      readonly front: readonly number[];
      readonly displaced: readonly number[];
    }
  | {
      readonly kind: "candidate_accepted";
      readonly iteration: number;
      readonly proposal?: number;
      readonly candidate: number;
      readonly before: number;
      readonly score: number;
      readonly examples: number;
      readonly parents: readonly number[];
    }
  | {
      readonly kind: "merge_attempted";
      readonly iteration: number;
      readonly parents: readonly number[];
      readonly components: Components;
    }
  | {
      readonly kind: "merge_accepted";
      readonly iteration: number;
      readonly candidate: number;
      readonly parents: readonly number[];
    }
  | {
      readonly kind: "merge_rejected";
      readonly iteration: number;
      readonly before: number;
      readonly after: number;
      readonly examples: number;
      readonly parents: readonly number[];
    }
  | { readonly kind: "iteration_end"; readonly iteration: number };
