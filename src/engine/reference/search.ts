import type { Components } from "../../domain/spec.ts";
import { createCache, joinBatches } from "./cache.ts";
import { proposeMerge, type MergeHistory } from "./merge.ts";
import { contentOf, createPool, mean, scoresById, type Pool, type PoolEntry } from "./pool.ts";
import type { Batch, MutationTask, ReferenceOptions, ReferencePorts, ReferenceStep } from "./ports.ts";
import { isAccepted, selectProposals, type Margin } from "./proposals.ts";
import { createSampler } from "./sampler.ts";
import { selectParent } from "./select-parent.ts";

/** How a run of the reference ended. */
export interface ReferenceResult {
  readonly pool: readonly PoolEntry[];
  readonly best: number;
  readonly metricCalls: number;
  readonly fullValidations: number;
  /** The stop condition that held. */
  readonly stoppedBy: keyof ReferenceOptions["stop"] | "outside";
}

/** A child on its minibatch. */
interface Trial<R> extends Margin {
  readonly proposal: number;
  readonly components: Components;
  readonly parents: readonly number[];
  readonly batch: Batch<R>;
}

type Steps<R, T> = AsyncGenerator<ReferenceStep<R>, T, void>;

/**
 * gepa 0.1.4's `GEPAEngine.run`, decision for decision: its barriers, its budget that is only looked at between
 * iterations, its merges that are scheduled but not counted, its comparison of float sums. What it does wrong it does
 * wrong here too; the `default` profile is the one that is better.
 */
export async function* searchLikeReference<R>(
  options: ReferenceOptions,
  ports: ReferencePorts<R>,
): Steps<R, ReferenceResult> {
  const validation = options.validation ?? options.train;
  const trainSplit = "train";
  const validationSplit = options.validation ? "val" : trainSplit;
  const names = Object.keys(options.seed);
  const pool = createPool(options.frontierType);
  const cache = createCache<R>(options.cacheEvaluation);
  const sampler = createSampler(options.train, options.minibatchSize, ports.rng);
  const merges: MergeHistory = { triplets: new Set(), products: new Set() };
  let metricCalls = 0;
  let fullValidations = 0;
  let mergesDue = 0;
  let mergesTested = 0;
  let foundNew = false;
  let bestSoFar = Number.NEGATIVE_INFINITY;
  let withoutImprovement = 0;

  /** Adds a validated candidate and tells what that changed. */
  function* join(
    iteration: number,
    child: Pick<PoolEntry, "components" | "parents"> & { readonly proposal?: number },
    ids: readonly string[],
    batch: Batch<R>,
    charged: number,
  ): Generator<ReferenceStep<R>, number, void> {
    const before = pool.onFront();
    const candidate = pool.entries.length;
    const discoveredAt = metricCalls;
    metricCalls += charged;
    fullValidations++;
    if (iteration > 0) yield { kind: "budget_updated", iteration, used: metricCalls };
    const { components, parents, proposal } = child;
    const pointer = Math.max(0, ...parents.map((p) => pool.entries[p]?.pointer ?? 0));
    const scores = scoresById(ids, batch);
    pool.add({ components, parents, scores, discoveredAt, pointer }, batch.objectives);
    const front = pool.onFront();
    if (iteration > 0) {
      const displaced = before.filter((i) => !front.includes(i));
      yield { kind: "pareto_front_updated", iteration, front, displaced };
    }
    yield {
      kind: "valset_evaluated",
      iteration,
      candidate,
      ...(proposal === undefined ? {} : { proposal }),
      average: mean([...scores.values()]),
      isBest: pool.best() === candidate,
      exampleIds: ids,
      batch,
    };
    return candidate;
  }

  /** Full validation with what the cache knows first; what is charged is what it does not know. */
  const validate = async (components: Components) => {
    const { knownIds, known, missing } = cache.get(validationSplit, components, validation);
    if (missing.length === 0) return { ids: knownIds, batch: known, charged: 0 };
    const fresh = await ports.evaluate(components, missing);
    cache.put(validationSplit, components, missing, fresh);
    return {
      ids: [...knownIds, ...missing],
      batch: knownIds.length === 0 ? fresh : joinBatches(known, fresh),
      charged: missing.length,
    };
  };

  const stopCondition = async (iteration: number): Promise<ReferenceResult["stoppedBy"] | undefined> => {
    const { stop } = options;
    const best = pool.entries[pool.best()]?.mean ?? Number.NEGATIVE_INFINITY;
    if (stop.maxMetricCalls !== undefined && metricCalls >= stop.maxMetricCalls) return "maxMetricCalls";
    if (
      stop.maxReflectionCostUsd !== undefined &&
      (ports.reflectionCostUsd?.() ?? 0) >= stop.maxReflectionCostUsd
    ) {
      return "maxReflectionCostUsd";
    }
    if (stop.maxProposals !== undefined && iteration >= stop.maxProposals) return "maxProposals";
    if (stop.scoreThreshold !== undefined && best >= stop.scoreThreshold) return "scoreThreshold";
    if (stop.noImprovement !== undefined) {
      withoutImprovement = best > bestSoFar ? 0 : withoutImprovement + 1;
      bestSoFar = Math.max(best, bestSoFar);
      if (withoutImprovement >= stop.noImprovement) return "noImprovement";
    }
    if (stop.maxTrackedCandidates !== undefined && pool.entries.length >= stop.maxTrackedCandidates) {
      return "maxTrackedCandidates";
    }
    return (await ports.isStopped()) ? "outside" : undefined;
  };

  /** A merge, if one is due and can be made; true where it took the iteration. */
  async function* tryMerge(iteration: number): Steps<R, boolean> {
    const due = mergesDue > 0 && foundNew;
    foundNew = false;
    const merge = due ? proposeMerge(pool, merges, options.mergeValOverlapFloor, ports.rng) : undefined;
    if (!merge) return false;
    const { components, parents, exampleIds } = merge;
    const { knownIds, known, missing } = cache.get(validationSplit, components, exampleIds);
    const fresh = await ports.evaluate(components, missing);
    cache.put(validationSplit, components, missing, fresh);
    const ids = [...knownIds, ...missing];
    const batch = knownIds.length === 0 ? fresh : joinBatches(known, fresh);
    yield { kind: "evaluation_end", iteration, components, exampleIds: ids, batch, by: "merge" };
    metricCalls += missing.length;
    yield { kind: "budget_updated", iteration, used: metricCalls };
    yield { kind: "merge_attempted", iteration, parents, components };
    const after = sum(batch.scores);
    const sumOf = (p: number) => sum(exampleIds.map((id) => pool.entries[p]?.scores.get(id) ?? 0));
    const before = Math.max(...parents.map(sumOf));
    const examples = exampleIds.length;
    if (after < before) {
      yield { kind: "merge_rejected", iteration, before, after, examples, parents };
      return true;
    }
    const full = await validate(components);
    const candidate = yield* join(iteration, { components, parents }, full.ids, full.batch, full.charged);
    mergesDue--;
    mergesTested++;
    yield { kind: "merge_accepted", iteration, candidate, parents };
    yield { kind: "candidate_accepted", iteration, candidate, before, score: after, examples, parents };
    return true;
  }

  /** Parents and minibatches of an iteration, drawn in the reference's order. */
  function* sampleTasks(
    iteration: number,
  ): Generator<ReferenceStep<R>, { readonly parent: number; readonly ids: string[] }[], void> {
    const { sampling } = options;
    const tasks: { parent: number; ids: string[] }[] = [];
    for (let p = 0; p < sampling.parents; p++) {
      const parent = selectParent(options, pool, ports.rng);
      for (let n = 0; n < sampling.mutations; n++) tasks.push({ parent, ids: sampler(iteration - 1) });
    }
    for (const { parent, ids } of tasks) {
      const score = pool.entries[parent]?.mean ?? 0;
      yield { kind: "candidate_selected", iteration, candidate: parent, score };
      yield { kind: "minibatch_sampled", iteration, exampleIds: ids };
    }
    return tasks;
  }

  /** The names a mutation changes; advances the parent's pointer whatever becomes of it. */
  const selectComponents = (parent: PoolEntry): string[] => {
    if (options.componentSelector === "all") return names;
    const name = names[parent.pointer % names.length] as string;
    parent.pointer = (parent.pointer + 1) % names.length;
    return [name];
  };

  /** Reflection with the one retry the reference makes; nothing where both fail. */
  const propose = async (task: MutationTask<R>): Promise<Components | undefined> => {
    try {
      return await ports.propose(task);
    } catch {
      return ports.propose(task).catch(() => undefined); // The reference drops the task; the trace says so.
    }
  };

  async function* mutate(iteration: number): Steps<R, Trial<R>[]> {
    const tasks = yield* sampleTasks(iteration);
    const batches = new Map<string, Batch<R>>();
    const keyOf = (parent: PoolEntry, ids: readonly string[]) =>
      JSON.stringify([contentOf(parent.components), ids]);
    let charged = 0;
    for (const { parent, ids } of tasks) {
      const entry = entryAt(pool, parent);
      const key = keyOf(entry, ids);
      if (batches.has(key)) continue;
      const batch = await ports.evaluate(entry.components, ids);
      batches.set(key, batch);
      cache.put(trainSplit, entry.components, ids, batch);
      charged += ids.length;
    }
    const evaluated = tasks.map(({ parent, ids }) => {
      const entry = entryAt(pool, parent);
      return { parent, ids, entry, batch: batches.get(keyOf(entry, ids)) as Batch<R> };
    });
    for (const { parent, ids, entry, batch } of evaluated) {
      const { components } = entry;
      yield { kind: "evaluation_end", iteration, candidate: parent, components, exampleIds: ids, batch };
    }
    metricCalls += charged;
    yield { kind: "budget_updated", iteration, used: metricCalls };

    const drafts: {
      proposal: number;
      components: Components;
      parent: number;
      ids: string[];
      before: Batch<R>;
    }[] = [];
    for (const [proposal, { parent, ids, entry, batch }] of evaluated.entries()) {
      if (options.skipPerfectScore && batch.scores.every((s) => s >= options.perfectScore)) {
        yield { kind: "evaluation_skipped", iteration, proposal, reason: "all_scores_perfect" };
        continue;
      }
      const components = selectComponents(entry);
      const texts = await propose({ parent: entry.components, exampleIds: ids, batch, components });
      if (!texts) {
        yield { kind: "proposal_dropped", iteration, proposal, parent };
        continue;
      }
      const child = { ...entry.components, ...texts };
      yield { kind: "proposal_end", iteration, proposal, parent, texts, components: child };
      drafts.push({ proposal, components: child, parent, ids, before: batch });
    }

    const trials: Trial<R>[] = [];
    for (const { proposal, components, parent, ids, before } of drafts) {
      const batch = await ports.evaluate(components, ids);
      cache.put(trainSplit, components, ids, batch);
      metricCalls += ids.length;
      yield {
        kind: "evaluation_end",
        iteration,
        proposal,
        components,
        exampleIds: ids,
        batch,
        by: "mutation",
      };
      trials.push({
        proposal,
        components,
        parents: [parent],
        batch,
        before: sum(before.scores),
        after: sum(batch.scores),
      });
    }
    if (trials.length > 0) yield { kind: "budget_updated", iteration, used: metricCalls };
    return trials;
  }

  async function* settle(iteration: number, trials: readonly Trial<R>[]): Steps<R, void> {
    const wanted = selectProposals(options.proposalSelection, options.acceptance, trials);
    const seen = new Set<string>();
    const selected = wanted.filter((trial) => {
      const content = contentOf(trial.components);
      return !seen.has(content) && seen.add(content);
    });
    for (const trial of trials) {
      if (selected.includes(trial)) continue;
      const reason = wanted.includes(trial)
        ? "Duplicate of another proposal of this iteration"
        : isAccepted(options.acceptance, trial)
          ? "Not selected among the proposals of this iteration"
          : "No improvement on the minibatch";
      const { proposal, parents, components, before, after, batch } = trial;
      const examples = batch.scores.length;
      yield {
        kind: "candidate_rejected",
        iteration,
        proposal,
        components,
        before,
        after,
        examples,
        parents,
        reason,
      };
    }
    const validated: (Awaited<ReturnType<typeof validate>> & { readonly trial: Trial<R> })[] = [];
    for (const trial of selected) validated.push({ ...(await validate(trial.components)), trial });
    for (const { trial, ids, batch, charged } of validated) {
      const { proposal, parents, before, after: score } = trial;
      const examples = trial.batch.scores.length;
      const candidate = yield* join(iteration, trial, ids, batch, charged);
      yield { kind: "candidate_accepted", iteration, proposal, candidate, before, score, examples, parents };
      if (options.useMerge) {
        foundNew = true;
        if (mergesTested < options.maxMergeInvocations) mergesDue++;
      }
    }
  }

  const seedBatch = await ports.evaluate(options.seed, validation);
  cache.put(validationSplit, options.seed, validation, seedBatch);
  yield* join(0, { components: options.seed, parents: [] }, validation, seedBatch, validation.length);
  for (let iteration = 1; ; iteration++) {
    const stoppedBy = await stopCondition(iteration - 1);
    if (stoppedBy) {
      return { pool: pool.entries, best: pool.best(), metricCalls, fullValidations, stoppedBy };
    }
    const merged = options.useMerge && (yield* tryMerge(iteration));
    if (!merged) yield* settle(iteration, yield* mutate(iteration));
    yield { kind: "iteration_end", iteration };
  }
}

function entryAt(pool: Pool, i: number): PoolEntry {
  const entry = pool.entries[i];
  if (!entry) throw new Error(`no candidate ${i}`);
  return entry;
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}
