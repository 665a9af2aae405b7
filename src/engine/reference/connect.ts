import { throwIfAborted } from "../../base/abort.ts";
import type { Evaluation } from "../../domain/evaluation.ts";
import { REFERENCE_CONFIG_DEFAULTS, type FrontierType } from "../../domain/reference-config.ts";
import { ModelError } from "../../models/model.ts";
import { addCosts, limitBrokenBy, type Cost } from "../budget.ts";
import type { Run } from "../run.ts";
import { exactDigest, type Stopping } from "../state.ts";
import { budgetStop, STOPPED } from "../stop.ts";
import type { ReferencePorts } from "./ports.ts";
import { createReflection, type Reflection } from "./reflect.ts";

/** The least that one more iteration costs; the reference knows no other limit than metric calls, so ours are added. */
const ONE_MORE: Cost = { metricCalls: 0, modelCalls: 1, tokens: 1, costUsd: 0 };

/** The reference's ports over a run's models, and what happens beside the search. */
export interface World {
  readonly ports: ReferencePorts<Evaluation>;
  readonly reflection: Pick<Reflection, "rejectedTexts">;
  /** Why somebody outside ended the search. */
  stopping(): Stopping | undefined;
  isPaused(): boolean;
  throwIfBroken(): void;
}

/** Connects the reference to a run. What it is charged is told by its own steps; all else is booked here. */
export function connect(run: Run): World {
  const { bench, course } = run;
  const { frontierType } = course.spec.config.reference ?? REFERENCE_CONFIG_DEFAULTS;
  let stopping: Stopping | undefined;
  let isPaused = false;
  let broken: unknown;
  const book = (cost: Cost) => {
    run.state = { ...run.state, used: addCosts(run.state.used, { ...cost, metricCalls: 0 }) };
  };
  const reflection = createReflection(bench, course.spec, book);
  /** Examples by text that were run: gepa charges a metric call for each again, but no model is called for it. */
  const known = new Map<string, Set<string>>();
  const isPaid = (exact: string, exampleId: string) => {
    const ids = known.get(exact) ?? new Set();
    known.set(exact, ids);
    return !ids.has(exampleId) && ids.add(exampleId);
  };
  return {
    reflection,
    ports: {
      rng: run.ports.rng,
      reflectionCostUsd: reflection.costUsd,
      async evaluate(candidate, exampleIds) {
        const rollouts = await bench.evaluate(candidate, exampleIds);
        const exact = exactDigest(candidate);
        const paid = rollouts.filter((r) => isPaid(exact, r.evaluation.exampleId));
        book(addCosts(...paid.map((r) => r.cost)));
        const records = rollouts.map((r) => r.evaluation);
        const objectives = objectivesOf(frontierType, records);
        return { scores: records.map((r) => r.score ?? 0), ...(objectives ? { objectives } : {}), records };
      },
      async propose(task) {
        try {
          return await reflection.propose(task);
        } catch (error) {
          if (error instanceof ModelError) throw error; // the reference tries once more, then drops the task
          broken = error; // an outage and an abort must not be dropped with it
          return undefined;
        }
      },
      async isStopped() {
        throwIfAborted(bench.signal);
        const unlimited = { ...course.spec.budget, maxMetricCalls: Number.POSITIVE_INFINITY };
        const broke = limitBrokenBy(unlimited, addCosts(run.state.used, course.reserve), ONE_MORE);
        if (broke) stopping = budgetStop(broke);
        if (stopping) return true;
        const order = await run.ports.outside(run.state.commits + 1);
        isPaused = order === "pause";
        if (order === "stop") stopping = STOPPED;
        if (order === "wall_time") stopping = budgetStop("wall_time");
        return order !== "go";
      },
    },
    stopping: () => stopping,
    isPaused: () => isPaused,
    throwIfBroken() {
      if (broken !== undefined) throw broken;
    },
  };
}

/** Objective scores where the frontier is kept over them; a failed example is the lowest score of each. */
function objectivesOf(
  frontierType: FrontierType,
  records: readonly Evaluation[],
): Readonly<Record<string, number>>[] | undefined {
  if (frontierType === "instance") return undefined;
  const names = new Set(records.flatMap((r) => Object.keys(r.objectives)));
  const lowest = Object.fromEntries([...names].map((name) => [name, 0]));
  return records.map((r) => (r.score === undefined ? lowest : r.objectives));
}
