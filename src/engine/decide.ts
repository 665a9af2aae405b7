import type { Splits } from "../domain/budget.ts";
import type { StopReason } from "../domain/stop-reason.ts";
import { componentNames } from "../domain/spec.ts";
import { addCosts, limitBrokenBy, times, type Cost } from "./budget.ts";
import type { Prices } from "./prices.ts";
import type { Course } from "./course.ts";
import type { Intent, RejectedEdit } from "./intent.ts";
import { activeLessons } from "./lessons.ts";
import { findMate } from "./lineage.ts";
import type { Operator, OperatorView } from "./operators/operator.ts";
import { chooseOperator } from "./operators/policy.ts";
import { drawMinibatch } from "./sampler/minibatch.ts";
import { SHOWN_REJECTED_EDITS } from "./reflection/limits.ts";
import { SELECTORS } from "./selection/registry.ts";
import { frontObjectives } from "./objectives.ts";
import { frontOf } from "./standing.ts";
import { memberOf, type Member, type State } from "./state.ts";
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
  const { spec, splits, prices } = course;
  const iteration = state.commits + state.inFlight.length + 1;
  if (iteration > spec.budget.maxIterations) return { noRoom: "iterations" };

  const front = frontOf(state.pool, splits.validation, frontObjectives(spec));
  const select = SELECTORS[spec.config.selection];
  const view = { pool: state.pool, validation: splits.validation, front, bestId: state.bestId };
  const parent = memberOf(state, select(view, streamFor(state.root, "parent", iteration)));
  const names = componentNames(parent.components);
  const components = names.slice((iteration - 1) % names.length).slice(0, 1);
  const frontIds = new Set(front.map((m) => m.candidateId));
  const mate = spec.config.merge ? findMate(state.pool, frontIds, parent, splits.validation) : undefined;
  const operatorView: OperatorView = { parent, components, ...mate };
  const operator = chooseOperator(
    operatorView,
    spec.config.operators,
    state.operators,
    streamFor(state.root, "operator", iteration),
  );
  const pair = operator.usesMate ? mate : undefined;
  const draft = {
    iteration,
    asOf: state.commits,
    operator: operator.name,
    parentIds: [parent.id, ...(pair ? [pair.mate.id] : [])],
    ...(pair ? { ancestorId: pair.ancestor.id } : {}),
    components,
    ...examplesFor(course, state, operator, operatorView, iteration),
    lessonIds: operator.kind === "reflective" ? activeLessons(state.lessons).map((l) => l.id) : [],
    rejectedEdits: rejectedEditsOf(state, parent.id),
  };
  const worst = worstCost(draft.minibatch.length, operator, splits, prices);
  const taken = addCosts(state.used, course.reserve, ...state.inFlight.map((other) => other.worst));
  const noRoom = limitBrokenBy(spec.budget, taken, worst);
  return noRoom ? { noRoom } : { intent: { ...draft, worst } };
}

function examplesFor(
  { spec, splits }: Course,
  state: State,
  operator: Operator,
  { parent, mate }: OperatorView,
  iteration: number,
): Pick<Intent, "minibatch" | "fallback"> {
  if (operator.kind === "combining" && mate) {
    return { minibatch: telling(parent, mate, splits.validation), fallback: [] };
  }
  const drawn = drawMinibatch({
    train: splits.train,
    size: spec.config.minibatchSize,
    iteration,
    root: state.root,
    parent,
  });
  return { minibatch: drawn?.exampleIds ?? [], fallback: drawn?.fallback ?? [] };
}

/** The examples that tell two candidates apart the most; only those that both have a score on. */
function telling(a: Member, b: Member, validation: readonly string[]): string[] {
  const gap = (id: string) => Math.abs((a.scores[id] ?? 0) - (b.scores[id] ?? 0));
  return validation
    .filter((id) => a.scores[id] !== undefined && b.scores[id] !== undefined)
    .sort((x, y) => gap(y) - gap(x))
    .slice(0, MERGE_TRIAL_SIZE);
}

/** Parent and child on the minibatch, the reflection with its second try, and the child's full validation. */
function worstCost(minibatch: number, operator: Operator, splits: Splits, prices: Prices): Cost {
  const overlap = operator.kind === "combining" || splits.train.every((id) => splits.validation.includes(id));
  const parentRuns = operator.kind === "combining" ? 0 : minibatch;
  const childRuns = splits.validation.length + (overlap ? 0 : minibatch);
  const reflections = operator.kind === "combining" ? 0 : prices.maxReflections;
  return addCosts(times(parentRuns + childRuns, prices.worstRun), times(reflections, prices.worstReflection));
}

function rejectedEditsOf(state: State, parentId: string): RejectedEdit[] {
  return state.rejected
    .filter((r) => r.parentIds[0] === parentId)
    .flatMap((r) => r.edit ?? [])
    .slice(-SHOWN_REJECTED_EDITS);
}
