import { throwIfAborted } from "../../base/abort.ts";
import type { Evaluation } from "../../domain/evaluation.ts";
import type { StopReason } from "../../domain/stop-reason.ts";
import { componentNames } from "../../domain/spec.ts";
import { introduce } from "../begin.ts";
import { addCosts, limitBrokenBy, type Cost } from "../budget.ts";
import { conclude } from "../conclude.ts";
import { OPERATORS } from "../operators/registry.ts";
import type { EngineOutcome, EngineStep } from "../ports.ts";
import { proposeText, type Reflected } from "../reflection/propose-text.ts";
import type { Run } from "../run.ts";
import type { Stopping } from "../state.ts";
import { budgetStop, STOPPED } from "../stop.ts";
import {
  REFERENCE_DEFAULTS,
  type MutationTask,
  type ReferenceOptions,
  type ReferencePorts,
} from "./ports.ts";
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
  const tell = createTeller(run, world.lastReflection);
  for (;;) {
    const next = await search.next();
    world.throwIfBroken();
    if (next.done) {
      if (world.isPaused()) return { kind: "paused" };
      run.state = { ...run.state, stopping: world.stopping() ?? stoppingOf(next.value) };
      return yield* conclude(run);
    }
    run.ports.trace?.(next.value);
    yield* tell(next.value);
  }
}

function optionsOf({ course }: Run): ReferenceOptions {
  const { spec, splits, reserve } = course;
  const { config, budget } = spec;
  const shared = splits.train.join() === splits.validation.join();
  return {
    ...REFERENCE_DEFAULTS,
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
      ...(config.targetScore === undefined ? {} : { scoreThreshold: config.targetScore }),
      ...(config.earlyStopPatience === undefined ? {} : { noImprovement: config.earlyStopPatience }),
    },
  };
}

/** The least that one more iteration costs; the reference knows no other limit than metric calls, so ours are added. */
const ONE_MORE: Cost = { metricCalls: 0, modelCalls: 1, tokens: 1, costUsd: 0 };

/** The reference's ports over a run's models, and what happens beside the search. */
interface World {
  readonly ports: ReferencePorts<Evaluation>;
  /** The texts dropped and the words said on the way to the last proposal. */
  lastReflection(): Reflected | undefined;
  stopping(): Stopping | undefined;
  isPaused(): boolean;
  throwIfBroken(): void;
}

function connect(run: Run): World {
  const { bench, course } = run;
  let reflected: Reflected | undefined;
  let stopping: Stopping | undefined;
  let isPaused = false;
  let broken: unknown;
  const book = (cost: Cost) => {
    run.state = { ...run.state, used: addCosts(run.state.used, { ...cost, metricCalls: 0 }) };
  };
  return {
    ports: {
      rng: run.ports.rng,
      async evaluate(candidate, exampleIds) {
        const rollouts = await bench.evaluate(candidate, exampleIds);
        book(addCosts(...rollouts.map((r) => r.cost)));
        return {
          scores: rollouts.map((r) => r.evaluation.score ?? 0),
          records: rollouts.map((r) => r.evaluation),
        };
      },
      async propose(task) {
        try {
          reflected = await reflect(run, task);
        } catch (error) {
          broken = error; // The reference drops a task that throws; an outage and an abort must not be dropped.
          return undefined;
        }
        book(reflected.cost);
        return reflected.proposal?.components;
      },
      async isStopped() {
        throwIfAborted(bench.signal);
        const unlimited = { ...course.spec.budget, maxMetricCalls: Number.POSITIVE_INFINITY };
        const broke = limitBrokenBy(unlimited, run.state.used, ONE_MORE);
        if (broke) stopping = budgetStop(broke);
        if (stopping) return true;
        const order = await run.ports.outside(run.state.commits + 1);
        isPaused = order === "pause";
        if (order === "stop") stopping = STOPPED;
        if (order === "wall_time") stopping = budgetStop("wall_time");
        return order !== "go";
      },
    },
    lastReflection: () => reflected,
    stopping: () => stopping,
    isPaused: () => isPaused,
    throwIfBroken() {
      if (broken !== undefined) throw broken;
    },
  };
}

function reflect({ bench, course }: Run, task: MutationTask<Evaluation>): Promise<Reflected> {
  const { spec } = course;
  const { name, order } = OPERATORS.reflect;
  return proposeText(
    bench,
    {
      current: task.parent,
      components: task.components,
      operator: { name, order },
      context: spec.context,
      ...(spec.evaluationRubric === undefined ? {} : { rubric: spec.evaluationRubric }),
      lessons: [],
      rejectedEdits: [],
      attempts: task.batch.records.flatMap((evaluation) => {
        const example = bench.examples.get(evaluation.exampleId);
        return example ? [{ example, evaluation }] : [];
      }),
    },
    bench.constraints,
  );
}

const STOP_REASONS = {
  maxMetricCalls: "metric_calls",
  maxProposals: "iterations",
  scoreThreshold: "target_score",
  noImprovement: "plateau",
  maxTrackedCandidates: "no_progress",
  outside: "stopped",
} as const satisfies Record<ReferenceResult["stoppedBy"], StopReason>;

function stoppingOf({ stoppedBy }: ReferenceResult): Stopping {
  const reason = STOP_REASONS[stoppedBy];
  return { reason, detail: `The stop condition of ${reason} held between two iterations.` };
}
