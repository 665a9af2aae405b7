import { REFERENCE_CONFIG_DEFAULTS } from "../../domain/reference-config.ts";
import type { JobFailure } from "../../domain/job.ts";
import type { StopReason } from "../../domain/stop-reason.ts";
import { componentNames } from "../../domain/spec.ts";
import { introduce } from "../begin.ts";
import { conclude } from "../conclude.ts";
import type { EngineOutcome, EngineStep } from "../ports.ts";
import type { Run } from "../run.ts";
import type { Stopping } from "../state.ts";
import { connect } from "./connect.ts";
import { MergeWeightsError } from "./merge.ts";
import type { ReferenceOptions } from "./ports.ts";
import { searchLikeReference, type ReferenceResult } from "./search.ts";
import { createTeller } from "./tell.ts";

/**
 * The reference's search, told as public events and ended as every other run. It keeps no checkpoints: its calls come
 * in one fixed order, so a run taken up again makes the same ones, which the ledger answers for nothing.
 */
export async function* optimiseLikeReference(run: Run): AsyncGenerator<EngineStep, EngineOutcome, void> {
  const world = connect(run);
  yield* introduce(run);
  const search = searchLikeReference(optionsOf(run), world.ports);
  const tell = createTeller(run, world.reflection);
  for (;;) {
    const next = await search.next().catch(crash);
    world.throwIfBroken();
    if ("crashed" in next) return { kind: "failed", failure: next.crashed };
    if (next.done) {
      if (world.isPaused()) return { kind: "paused" };
      run.state = { ...run.state, stopping: world.stopping() ?? stoppingOf(next.value) };
      return yield* conclude(run);
    }
    run.ports.trace?.(next.value);
    yield* tell(next.value);
  }
}

/** Where gepa 0.1.4 ends its run with an exception; anything else is thrown on. */
function crash(error: unknown): { readonly crashed: JobFailure } {
  if (!(error instanceof MergeWeightsError)) throw error;
  return {
    crashed: {
      code: "reference_merge",
      sentence:
        "gepa 0.1.4 fails where it merges two candidates all of whose common ancestors scored 0, and so did this run of its profile.",
      nextStep: 'Fork the best candidate so far with config.profile "default", or without config.merge.',
    },
  };
}

function optionsOf({ course }: Run): ReferenceOptions {
  const { spec, splits, reserve } = course;
  const { config, budget } = spec;
  const shared = splits.train.join() === splits.validation.join();
  const {
    reflectionTemplate: _one,
    reflectionTemplates: _each,
    maxReflectionCostUsd,
    maxTrackedCandidates,
    ...knobs
  } = config.reference ?? REFERENCE_CONFIG_DEFAULTS;
  return {
    ...knobs,
    seed: Object.fromEntries(
      componentNames(spec.components).map((name) => [name, spec.components[name] ?? ""]),
    ),
    train: splits.train,
    ...(shared ? {} : { validation: splits.validation }),
    selector: config.selection,
    minibatchSize: config.minibatchSize,
    useMerge: config.merge,
    stop: {
      maxProposals: budget.maxIterations,
      ...(budget.maxMetricCalls === undefined
        ? {}
        : { maxMetricCalls: budget.maxMetricCalls - reserve.metricCalls }),
      ...(maxReflectionCostUsd === undefined ? {} : { maxReflectionCostUsd }),
      ...(config.targetScore === undefined ? {} : { scoreThreshold: config.targetScore }),
      ...(config.earlyStopPatience === undefined ? {} : { noImprovement: config.earlyStopPatience }),
      ...(maxTrackedCandidates === undefined ? {} : { maxTrackedCandidates }),
    },
  };
}

/** What a stop condition of the reference is called here, and which knob it is. */
const STOPS = {
  maxMetricCalls: ["metric_calls", "budget.max_metric_calls"],
  maxReflectionCostUsd: ["cost", "config.reference.max_reflection_cost_usd"],
  maxProposals: ["iterations", "budget.max_iterations"],
  scoreThreshold: ["target_score", "config.target_score"],
  noImprovement: ["plateau", "config.early_stop_patience"],
  maxTrackedCandidates: ["no_progress", "config.reference.max_tracked_candidates"],
  outside: ["stopped", "the caller"],
} as const satisfies Record<ReferenceResult["stoppedBy"], readonly [StopReason, string]>;

function stoppingOf({ stoppedBy }: ReferenceResult): Stopping {
  const [reason, knob] = STOPS[stoppedBy];
  return { reason, detail: `What ${knob} allows was reached when the last iteration ended.` };
}
