import type { StopReason } from "../domain/stop-reason.ts";
import { believe, isWhole, mostPromising, priorOf, type Beliefs } from "./belief.ts";
import { addCosts, times } from "./budget.ts";
import type { Course } from "./course.ts";
import type { Intent, PausedParent, RejectedEdit } from "./intent.ts";
import { frontObjectives } from "./objectives.ts";
import { activeLessons } from "./lessons.ts";
import { findMate } from "./lineage.ts";
import type { Operator, OperatorView } from "./operators/operator.ts";
import { chooseOperator } from "./operators/policy.ts";
import type { Bar } from "./bar.ts";
import { roomFor, type Work } from "./room.ts";
import { drawMinibatch, isMastered, knownFailures, type Minibatch } from "./sampler/minibatch.ts";
import { SHOWN_FAILURES, SHOWN_LESSONS, SHOWN_REJECTED_EDITS } from "./reflection/limits.ts";
import { SELECTORS } from "./selection/registry.ts";
import { frontOf } from "./standing.ts";
import { isKnown, memberOf, type Member, type State } from "./state.ts";
import { streamFor } from "./streams.ts";

/** Validation examples a merge is compared with its parents on before it is validated in full (as gepa 0.1.4). */
const MERGE_TRIAL_SIZE = 5;

/**
 * Decides the next proposal, behind those in flight, or says which limit has no room for it. What is in flight is
 * counted at its worst, so that a limit is never overshot however they turn out.
 */
export function decideIntent(
  course: Course,
  state: State,
): { readonly intent: Intent } | { readonly noRoom: StopReason } {
  const { spec, splits, tactics, order } = course;
  const iteration = state.commits + state.inFlight.length + 1;
  if (iteration > spec.budget.maxIterations) return { noRoom: "iterations" };

  const beliefs = believe(state.pool, splits.validation);
  const front = frontOf(state.pool, splits.validation, frontObjectives(spec));
  const parent = chooseParent(course, state, beliefs, front, iteration);
  const frontIds = new Set(front.map((m) => m.candidateId));
  const mate = spec.config.merge ? findMate(state.pool, frontIds, parent, splits.validation) : undefined;
  const view: OperatorView = { parent, ...mate };
  const operator = chooseOperator(
    view,
    spec.config.operators,
    tactics.adaptiveOperators ? state.operators : {},
    streamFor(state.root, "operator", iteration),
  );
  const pair = operator.usesMate ? mate : undefined;
  const parents = [parent, ...(pair ? [pair.mate] : [])];
  const underway = state.inFlight.some((other) => other.paused && other.parentIds[0] === parent.id);
  const mayTakeUp = tactics.takingUp && !underway && !isWhole(parent, order);
  const paused = mayTakeUp ? pausedParent(parent, order) : undefined;
  const examples = examplesFor(course, state, operator, view, iteration);
  const room = roomFor(course, state, workOf(course, operator, parent, examples, paused));
  if ("noRoom" in room) return room;
  return {
    intent: {
      iteration,
      asOf: state.commits,
      operator: operator.name,
      parentIds: parents.map((m) => m.id),
      ...(pair ? { ancestorId: pair.ancestor.id } : {}),
      ...examples,
      failures:
        tactics.knownFailures && operator.kind === "reflective"
          ? furtherFailures(parent, splits.train, examples.minibatch)
          : [],
      lessonIds: tactics.lessons
        ? activeLessons(state.lessons)
            .slice(-SHOWN_LESSONS)
            .map((l) => l.id)
        : [],
      rejectedEdits: tactics.rejectedEdits ? rejectedEditsOf(state, parent.id) : [],
      bar: barOf(beliefs, parents),
      ...(paused ? { paused } : {}),
      ...room,
    },
  };
}

/** A candidate that has something left to learn, or anyone where none has. */
function chooseParent(
  { spec, splits, tactics }: Course,
  state: State,
  beliefs: Beliefs,
  front: ReturnType<typeof frontOf>,
  iteration: number,
): Member {
  const open = state.pool.filter((m) => !isMastered(m, splits.train));
  const pool = open.length > 0 ? open : state.pool;
  const ids = new Set(pool.map((m) => m.id));
  const underway = new Map<string, number>();
  for (const { parentIds } of state.inFlight) {
    for (const id of parentIds) underway.set(id, (underway.get(id) ?? 0) + 1);
  }
  const view = {
    pool,
    validation: splits.validation,
    front: front
      .filter((m) => ids.has(m.candidateId))
      .map((m) => (tactics.novelty ? m : { ...m, novelty: 0 })),
    bestId: ids.has(state.bestId) ? state.bestId : (pool[0]?.id ?? state.bestId),
    underway,
    ...(tactics.sampling ? { beliefs } : {}),
  };
  return memberOf(state, SELECTORS[spec.config.selection](view, streamFor(state.root, "parent", iteration)));
}

function examplesFor(
  { spec, splits, tactics }: Course,
  state: State,
  operator: Operator,
  { parent, mate }: OperatorView,
  iteration: number,
): { readonly minibatch: readonly string[]; readonly further: Minibatch["further"] } {
  if (operator.kind === "combining" && mate) {
    return { minibatch: telling(parent, mate, splits.validation), further: [] };
  }
  const drawn = drawMinibatch({
    train: splits.train,
    size: spec.config.minibatchSize,
    iteration,
    root: state.root,
    parent,
  });
  return { minibatch: drawn?.exampleIds ?? [], further: tactics.drawingOn ? (drawn?.further ?? []) : [] };
}

/** The examples that tell two candidates apart the most; only those that both have a score on. */
function telling(a: Member, b: Member, validation: readonly string[]): string[] {
  const gap = (id: string) => Math.abs((a.scores[id] ?? 0) - (b.scores[id] ?? 0));
  return validation
    .filter((id) => a.scores[id] !== undefined && b.scores[id] !== undefined)
    .sort((x, y) => gap(y) - gap(x))
    .slice(0, MERGE_TRIAL_SIZE);
}

/** Parent and child on the minibatch, the reflection with its second try, and the validation of both. */
function workOf(
  { splits, prices, order }: Course,
  operator: Operator,
  parent: Member,
  { minibatch, further }: Pick<Intent, "minibatch" | "further">,
  paused: PausedParent | undefined,
): Work {
  const resumed = times(paused ? order.length - paused.done.length : 0, prices.worstRun);
  if (operator.kind === "combining") {
    // The trial's examples are validation examples, and are not run again.
    return {
      fixed: addCosts(resumed, times(minibatch.length, prices.worstRun)),
      validation: order.length - minibatch.length,
    };
  }
  const drawn = [...minibatch, ...further.flat()];
  const parentRuns = drawn.filter((id) => !isKnown(parent, id)).length;
  const trialRuns = minibatch.length;
  const overlap = drawn.every((id) => splits.validation.includes(id)) ? trialRuns : 0;
  return {
    fixed: addCosts(
      resumed,
      times(parentRuns + trialRuns, prices.worstRun),
      times(prices.maxReflections, prices.worstReflection),
    ),
    validation: order.length - overlap,
  };
}

/** Failures the parent is known for already, beside those of the minibatch. */
function furtherFailures(parent: Member, train: readonly string[], minibatch: readonly string[]): string[] {
  return knownFailures(parent, train)
    .filter((id) => !minibatch.includes(id))
    .slice(0, SHOWN_FAILURES);
}

function barOf(beliefs: Beliefs, parents: readonly Member[]): Bar {
  const { of, scale } = beliefs;
  const bestId = mostPromising(beliefs) ?? "";
  const best = of.get(bestId);
  const believed = parents.flatMap((m) => of.get(m.id) ?? []);
  const child = priorOf(believed);
  const elders = (parents[0]?.parentIds ?? []).flatMap((id) => of.get(id) ?? []);
  const parent = priorOf(elders) ?? believed[0];
  if (!best || !child || !parent) throw new Error("nothing is believed of a parent");
  return { scale, bestId, best, child, parent };
}

function pausedParent(parent: Member, order: readonly string[]): PausedParent {
  const done = order.filter((id) => isKnown(parent, id));
  const scores = done.flatMap((id): [string, number][] => {
    const score = parent.scores[id];
    return score === undefined ? [] : [[id, score]];
  });
  return { scores: Object.fromEntries(scores), done };
}

function rejectedEditsOf(state: State, parentId: string): RejectedEdit[] {
  return state.rejected
    .filter((r) => r.parentIds[0] === parentId)
    .flatMap((r) => r.edit ?? [])
    .slice(-SHOWN_REJECTED_EDITS);
}
