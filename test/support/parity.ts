import { readFileSync } from "node:fs";
import type { Components } from "../../src/domain/spec.ts";
import { componentNames } from "../../src/domain/spec.ts";
import {
  REFERENCE_DEFAULTS,
  type Batch,
  type ReferenceOptions,
  type ReferencePorts,
  type ReferenceStep,
} from "../../src/engine/reference/ports.ts";
import { searchLikeReference, type ReferenceResult } from "../../src/engine/reference/search.ts";
import { pythonRandom } from "./python-random.ts";

/** A recorded run of the reference, as `test/fixtures/parity/README.md` describes it. */
export interface Trajectory {
  readonly name: string;
  readonly ncomp: number;
  readonly objectives: boolean;
  readonly train: readonly number[];
  readonly val: readonly number[] | null;
  readonly config: Readonly<Record<string, unknown>>;
  readonly events: readonly (readonly unknown[])[];
  readonly parents: readonly (readonly (number | null)[])[];
  readonly val_aggregate_scores: readonly number[];
  readonly best_idx: number;
  readonly total_metric_calls: number;
  readonly num_full_val_evals: number;
  readonly discovery_eval_counts: readonly number[];
  readonly actual_evaluator_calls: number;
}

/** The recorded runs. */
export function trajectories(): Trajectory[] {
  const file = new URL("../fixtures/parity/gepa-trajectories.json", import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")) as Trajectory[];
}

/** What our engine did on the same task. */
export interface Replay {
  readonly events: readonly (readonly unknown[])[];
  readonly result: ReferenceResult;
  readonly evaluatorCalls: number;
}

/** Runs the recorded task through our engine with CPython's generator. */
export async function replay(trajectory: Trajectory): Promise<Replay> {
  const task = arithmeticTask(trajectory);
  const run = searchLikeReference(optionsOf(trajectory), task.ports);
  const events: (readonly unknown[])[] = [];
  for (;;) {
    const next = await run.next();
    if (next.done) return { events, result: next.value, evaluatorCalls: task.evaluatorCalls() };
    const event = eventOf(next.value);
    if (event) events.push(event);
  }
}

function arithmeticTask(trajectory: Trajectory): {
  readonly ports: ReferencePorts<string>;
  readonly evaluatorCalls: () => number;
} {
  let evaluatorCalls = 0;
  let proposals = 0;
  const ports: ReferencePorts<string> = {
    rng: pythonRandom(Number(trajectory.config.seed)),
    isStopped: async () => false,
    async evaluate(candidate, ids) {
      evaluatorCalls += ids.length;
      const levels = componentNames(candidate).map((name) => levelOf(candidate[name] ?? ""));
      const last = levels.at(-1) ?? 0;
      const batch: Batch<string> = {
        scores: ids.map((id) => scoreOf(levels, Number(id))),
        records: ids.map(String),
      };
      if (!trajectory.objectives) return batch;
      const objectives = ids.map(Number).map((k) => ({
        x: (((levels[0] ?? 0) + k) % 10) / 10,
        y: ((last * 3 + k) % 10) / 10,
      }));
      return { ...batch, objectives };
    },
    async propose({ parent, components }) {
      const texts: Record<string, string> = {};
      for (const name of components) {
        texts[name] = `L=${(levelOf(parent[name] ?? "") * 31 + proposals * 17 + 7) % 97}`;
        proposals++;
      }
      return texts;
    },
  };
  return { ports, evaluatorCalls: () => evaluatorCalls };
}

function levelOf(text: string): number {
  return Number(text.split("=")[1]);
}

function scoreOf(levels: readonly number[], k: number): number {
  const sum = levels.reduce((s, level, n) => s + level * (((k * (n + 2) + 3 * n + 1) % 7) + 1), 0);
  return (sum % 101) / 100;
}

function optionsOf({ ncomp, train, val, config }: Trajectory): ReferenceOptions {
  const seed: Components = Object.fromEntries(
    Array.from({ length: ncomp }, (_, i) => [`c${i}`, `L=${i + 1}`]),
  );
  const option = <T>(name: string, fallback: T) => (config[name] as T | undefined) ?? fallback;
  return {
    ...REFERENCE_DEFAULTS,
    seed,
    train: train.map(String),
    ...(val ? { validation: val.map(String) } : {}),
    frontierType: option("frontier_type", REFERENCE_DEFAULTS.frontierType),
    selector: option("candidate_selection_strategy", REFERENCE_DEFAULTS.selector),
    minibatchSize: option("reflection_minibatch_size", REFERENCE_DEFAULTS.minibatchSize),
    componentSelector: option("module_selector", REFERENCE_DEFAULTS.componentSelector),
    acceptance: option("acceptance_criterion", REFERENCE_DEFAULTS.acceptance),
    perfectScore: option("perfect_score", REFERENCE_DEFAULTS.perfectScore),
    useMerge: option("use_merge", REFERENCE_DEFAULTS.useMerge),
    maxMergeInvocations: option("max_merge_invocations", REFERENCE_DEFAULTS.maxMergeInvocations),
    cacheEvaluation: option("cache_evaluation", REFERENCE_DEFAULTS.cacheEvaluation),
    sampling: samplingOf(option("sampling_strategy", "SingleMutation{}")),
    proposalSelection: selectionOf(option("selection_strategy", "AllImprovements{}")),
    stop: { maxMetricCalls: option("max_metric_calls", 0) },
  };
}

/** Strategies are recorded as `Name{json}`. */
function strategy(text: string): { readonly name: string; readonly values: Record<string, number> } {
  const brace = text.indexOf("{");
  return { name: text.slice(0, brace), values: JSON.parse(text.slice(brace)) as Record<string, number> };
}

function samplingOf(text: string): ReferenceOptions["sampling"] {
  const { name, values } = strategy(text);
  const [n, p] = [values.n ?? 1, values.p ?? 1];
  const kinds: Record<string, ReferenceOptions["sampling"]> = {
    SingleMutation: { parents: 1, mutations: 1 },
    SameParentSampling: { parents: 1, mutations: n },
    IndependentSampling: { parents: n, mutations: 1 },
    PxNSampling: { parents: p, mutations: n },
  };
  return kinds[name] ?? REFERENCE_DEFAULTS.sampling;
}

function selectionOf(text: string): ReferenceOptions["proposalSelection"] {
  const { name, values } = strategy(text);
  const kinds: Record<string, ReferenceOptions["proposalSelection"]> = {
    AllImprovements: { kind: "all" },
    BestImprovement: { kind: "best" },
    TopKImprovements: { kind: "top_k", k: values.k ?? 1 },
  };
  return kinds[name] ?? { kind: "all" };
}

/** A step in the recorded form; undefined for the steps that were not recorded. */
function eventOf(step: ReferenceStep<string>): readonly unknown[] | undefined {
  const head = [step.kind, step.iteration];
  switch (step.kind) {
    case "valset_evaluated":
      return [...head, step.candidate, step.average, step.isBest];
    case "candidate_selected":
      return [...head, step.candidate, step.score];
    case "minibatch_sampled":
      return [...head, step.exampleIds.map(Number)];
    case "evaluation_end":
      return [...head, step.candidate ?? null, step.batch.scores];
    case "evaluation_skipped":
      return [...head, step.reason];
    case "proposal_end":
      return [...head, step.texts];
    case "budget_updated":
      return [...head, step.used];
    case "candidate_rejected":
      return [...head, step.before, step.after];
    case "pareto_front_updated":
      return [...head, step.front, step.displaced];
    case "candidate_accepted":
      return [...head, step.candidate, step.score, step.parents];
    case "merge_attempted":
      return [...head, step.parents, step.components];
    case "merge_accepted":
      return [...head, step.candidate, step.parents];
    case "merge_rejected":
      return [...head, step.parents];
    case "iteration_end":
    case "proposal_dropped":
      return undefined;
  }
}
