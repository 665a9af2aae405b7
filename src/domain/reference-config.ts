/** Knobs of the profile `reference`, under the names and with the defaults of gepa 0.1.4 (`gepa.optimize`, api.py). */

/** What a Pareto front is kept over: each validation example, each objective's mean, both, or each pair of them. */
export const FRONTIER_TYPES = ["instance", "objective", "hybrid", "cartesian"] as const;
export type FrontierType = (typeof FRONTIER_TYPES)[number];

/** Which components one proposal changes: the next in turn, or every one. */
export type ComponentSelector = "round_robin" | "all";

/** When a child is better than its parent on their minibatch: a larger sum, or one not smaller. */
export type Acceptance = "strict_improvement" | "improvement_or_equal";

/**
 * Proposals of one iteration: so many parents are drawn, and each is changed so often. gepa's SingleMutation is 1 × 1,
 * SameParentSampling(n) 1 × n, IndependentSampling(n) n × 1, PxNSampling(p, n) p × n.
 */
export interface Sampling {
  readonly parents: number;
  readonly mutations: number;
}

/** Which of an iteration's improvements are validated: every one, or those of the largest margin. */
export type ProposalSelection =
  | { readonly kind: "all" }
  | { readonly kind: "best" }
  | { readonly kind: "top_k"; readonly k: number };

/** Everything the reference can be told that the other knobs of a search do not say. */
export interface ReferenceConfig {
  readonly frontierType: FrontierType;
  readonly componentSelector: ComponentSelector;
  readonly sampling: Sampling;
  readonly proposalSelection: ProposalSelection;
  readonly acceptance: Acceptance;
  /** What was evaluated under the same split is not charged again. */
  readonly cacheEvaluation: boolean;
  /** A parent with only perfect scores on its minibatch is not changed. */
  readonly skipPerfectScore: boolean;
  readonly perfectScore: number;
  /** No more merges are scheduled after so many were accepted. */
  readonly maxMergeInvocations: number;
  /** Validation examples two parents of a merge must share. */
  readonly mergeValOverlapFloor: number;
  /** Share of draws from the whole pool, of the selection `epsilon_greedy`. */
  readonly epsilon: number;
  /** Candidates the selection `top_k_pareto` draws from. */
  readonly topK: number;
  /** The reflection request for components without one of their own; absent: the built-in one. */
  readonly reflectionTemplate?: string;
  /** The reflection request by component. */
  readonly reflectionTemplates: Readonly<Record<string, string>>;
  /** US dollars of the reflection model at which the search stops. */
  readonly maxReflectionCostUsd?: number;
  /** Size of the pool at which the search stops. */
  readonly maxTrackedCandidates?: number;
}

/** The defaults of `gepa.optimize` 0.1.4. */
export const REFERENCE_CONFIG_DEFAULTS: ReferenceConfig = {
  frontierType: "instance",
  componentSelector: "round_robin",
  sampling: { parents: 1, mutations: 1 },
  proposalSelection: { kind: "all" },
  acceptance: "strict_improvement",
  cacheEvaluation: false,
  skipPerfectScore: true,
  perfectScore: 1,
  maxMergeInvocations: 5,
  mergeValOverlapFloor: 5,
  epsilon: 0.1,
  topK: 5,
  reflectionTemplates: {},
};
