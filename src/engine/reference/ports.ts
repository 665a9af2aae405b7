import type { Components } from "../../domain/spec.ts";
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
  /** Asked at the top of every iteration, the only place where the reference looks; true ends the run. */
  isStopped(): Promise<boolean>;
}

/** What a front is kept over. */
export type FrontierType = "instance" | "objective" | "hybrid" | "cartesian";

/** How many proposals an iteration makes. */
export type Sampling =
  | { readonly kind: "single" }
  | { readonly kind: "same_parent"; readonly n: number }
  | { readonly kind: "independent"; readonly n: number }
  | { readonly kind: "p_x_n"; readonly p: number; readonly n: number };

/** Which of an iteration's proposals are validated. */
export type ProposalSelection =
  | { readonly kind: "all_improvements" }
  | { readonly kind: "best_improvement" }
  | { readonly kind: "top_k_improvements"; readonly k: number };

/** Every knob of the reference, with its own defaults in {@link REFERENCE_DEFAULTS}. */
export interface ReferenceOptions {
  readonly seed: Components;
  readonly train: readonly string[];
  /** Absent: the training examples, which then share one cache split with them. */
  readonly validation?: readonly string[];
  readonly frontier: FrontierType;
  readonly selector: "pareto" | "current_best" | "epsilon_greedy" | "top_k_pareto";
  readonly minibatchSize: number;
  readonly moduleSelector: "round_robin" | "all";
  readonly sampling: Sampling;
  readonly proposalSelection: ProposalSelection;
  readonly acceptance: "strict_improvement" | "improvement_or_equal";
  readonly skipPerfectScore: boolean;
  readonly perfectScore: number;
  readonly useMerge: boolean;
  /** Stops scheduling merges after so many; attempts are not counted, as in the reference. */
  readonly maxMergeInvocations: number;
  readonly mergeOverlapFloor: number;
  readonly cacheEvaluation: boolean;
  readonly stop: StopConditions;
}

/** When the run ends; the first that holds. */
export interface StopConditions {
  readonly maxMetricCalls?: number;
  readonly maxProposals?: number;
  readonly scoreThreshold?: number;
  /** Checks in a row without a better best mean. */
  readonly noImprovement?: number;
  readonly maxTrackedCandidates?: number;
}

/** The defaults of `gepa.optimize` 0.1.4 (api.py). */
export const REFERENCE_DEFAULTS = {
  frontier: "instance",
  selector: "pareto",
  minibatchSize: 3,
  moduleSelector: "round_robin",
  sampling: { kind: "single" },
  proposalSelection: { kind: "all_improvements" },
  acceptance: "strict_improvement",
  skipPerfectScore: true,
  perfectScore: 1,
  useMerge: false,
  maxMergeInvocations: 5,
  mergeOverlapFloor: 5,
  cacheEvaluation: false,
  stop: {},
} as const satisfies Omit<ReferenceOptions, "seed" | "train">;

/** A decision of the reference, under the name of its own callback. Candidates are numbered from 0, the seed. */
export type ReferenceStep<R> =
  | {
      readonly kind: "valset_evaluated";
      readonly iteration: number;
      readonly candidate: number;
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
      readonly components: Components;
      readonly exampleIds: readonly string[];
      readonly batch: Batch<R>;
      /** What the child was made by; absent for a parent. */
      readonly by?: "mutation" | "merge";
    }
  | { readonly kind: "evaluation_skipped"; readonly iteration: number; readonly reason: string }
  | {
      readonly kind: "proposal_end";
      readonly iteration: number;
      readonly parent: number;
      readonly texts: Components;
      readonly components: Components;
    }
  | { readonly kind: "proposal_dropped"; readonly iteration: number; readonly parent: number }
  | { readonly kind: "budget_updated"; readonly iteration: number; readonly used: number }
  | {
      readonly kind: "candidate_rejected";
      readonly iteration: number;
      readonly components: Components;
      readonly before: number;
      readonly after: number;
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
      readonly candidate: number;
      readonly score: number;
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
  | { readonly kind: "merge_rejected"; readonly iteration: number; readonly parents: readonly number[] }
  | { readonly kind: "iteration_end"; readonly iteration: number };
