import { componentNames, promptText } from "../domain/spec.ts";
import type { StopReason } from "../domain/stop-reason.ts";
import { believe, type Beliefs } from "./belief.ts";
import { blocksOf } from "./blocks.ts";
import { addCosts, times, type Cost } from "./budget.ts";
import { holderOf } from "./commit.ts";
import type { Course } from "./course.ts";
import type { Intent, RejectedEdit } from "./intent.ts";
import { frontObjectives, objectivePoints } from "./objectives.ts";
import { activeLessons } from "./lessons.ts";
import { findMate, type Mate } from "./lineage.ts";
import type { Operator, OperatorView } from "./operators/operator.ts";
import { operatorCredit } from "./operators/credit.ts";
import { merge } from "./operators/merge.ts";
import { chooseOperator } from "./operators/policy.ts";
import { maxTokensOf, type Shown } from "./prices.ts";
import { noRoomForProposal } from "./room.ts";
import { drawMinibatch, isMastered, knownFailures } from "./sampler/minibatch.ts";
import { SHOWN_FAILURES, SHOWN_LESSONS, SHOWN_REJECTED_EDITS } from "./reflection/limits.ts";
import { SELECTORS } from "./selection/registry.ts";
import { frontOf, meanOver } from "./standing.ts";
import { isKnown, memberOf, textDigest, type Member, type State } from "./state.ts";
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
  const mate = spec.config.merge
    ? findMate(state.pool, frontIds, parent, splits.validation, (other) =>
        isFertile(course, state, parent, other),
      )
    : undefined;
  const view: OperatorView = { parent, ...(mate && { mate: mate.mate }) };
  const operator = chooseOperator(
    view,
    spec.config.operators,
    tactics.adaptiveOperators ? operatorCredit(state, beliefs.scale.noise) : () => 1,
    state.unmade,
    streamFor(state.root, "operator", iteration),
  );
  const pair = operator.usesMate ? mate : undefined;
  const parents = [parent, ...(pair ? [pair.mate] : [])];
  const drawn = examplesFor(course, state, operator, view, iteration);
  // Runs of the trial that are validation runs too are not made again.
  const firstBlock =
    blocksOf(order, tactics.racing, iteration)[0]?.filter((id) => !drawn.minibatch.includes(id)) ?? [];
  const asksModel = operator.kind === "reflective";
  const failures =
    asksModel && tactics.knownFailures ? furtherFailures(parent, splits.train, drawn.minibatch) : [];
  const rejectedEdits = asksModel && tactics.rejectedEdits ? rejectedEditsOf(state, parent.id) : [];
  const shown: Shown = {
    prompts: parents.map((m) => maxTokensOf(promptText(m.components))),
    edits: rejectedEdits.map((edit) => maxTokensOf(promptText(edit.changed))),
    examples: spec.config.minibatchSize + failures.length,
  };
  const noRoomFor = (fixed: Cost) => noRoomForProposal(course, state, fixed, firstBlock.length);
  const worst = (examples: Drawn) => worstBefore(course, operator, parent, examples, shown);
  // Drawing on is given up where there is no room for it: most parents fail somewhere in the first minibatch.
  const examples = noRoomFor(worst(drawn)) ? { ...drawn, further: [] } : drawn;
  const fixed = worst(examples);
  const noRoom = noRoomFor(fixed);
  if (noRoom) return { noRoom };
  return {
    intent: {
      iteration,
      asOf: state.commits,
      operator: operator.name,
      parentIds: parents.map((m) => m.id),
      ...(pair ? { ancestorId: pair.ancestor.id } : {}),
      ...examples,
      failures,
      lessonIds: asksModel && tactics.lessons ? shownLessons(state) : [],
      rejectedEdits,
      firstBlock,
      worst: addCosts(fixed, times(firstBlock.length, course.prices.worstRun)),
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
  const view = {
    pool,
    validation: splits.validation,
    front: front.filter((m) => ids.has(m.candidateId)),
    bestId: ids.has(state.bestId) ? state.bestId : (bestOf(pool, splits.validation) ?? state.bestId),
    ...(tactics.sampling ? { beliefs } : {}),
    ...(tactics.goals ? { goals: objectivePoints(pool, spec.objectives) } : {}),
  };
  return memberOf(state, SELECTORS[spec.config.selection](view, streamFor(state.root, "parent", iteration)));
}

/** The one with the best mean, of equal ones the oldest. */
function bestOf(pool: readonly Member[], validation: readonly string[]): string | undefined {
  const mean = (m: Member) => meanOver(m, validation) ?? Number.NEGATIVE_INFINITY;
  return pool.reduce<Member | undefined>((a, b) => (a === undefined || mean(b) > mean(a) ? b : a), undefined)
    ?.id;
}

/**
 * Whether joining the two can give something new. Of several components it is known what a merge would write, and so
 * whether it may be written.
 */
function isFertile({ constraints }: Course, state: State, parent: Member, { mate, ancestor }: Mate): boolean {
  if (componentNames(parent.components).length === 1) return true;
  const isUnderWay = state.inFlight.some(
    ({ operator, parentIds }) =>
      operator === merge.name && parentIds.includes(parent.id) && parentIds.includes(mate.id),
  );
  const child = isUnderWay ? undefined : merge.combine([parent, mate], ancestor);
  return child !== undefined && holderOf(state, textDigest(child)) === undefined && !constraints(child);
}

/** The examples a proposal learns from. */
type Drawn = Pick<Intent, "minibatch" | "further">;

function examplesFor(
  { spec, splits, tactics }: Course,
  state: State,
  operator: Operator,
  { parent, mate }: OperatorView,
  iteration: number,
): Drawn {
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

/** What a proposal costs at worst before its child is validated: parent and child on the minibatch, and the reflection. */
function worstBefore(
  { prices }: Course,
  operator: Operator,
  parent: Member,
  { minibatch, further }: Drawn,
  shown: Shown,
): Cost {
  if (operator.kind === "combining") return times(minibatch.length, prices.worstRun);
  const parentRuns = [...minibatch, ...further.flat()].filter((id) => !isKnown(parent, id)).length;
  return addCosts(
    times(parentRuns + minibatch.length, prices.worstRun),
    times(prices.maxReflections, prices.reflectionOn(shown)),
  );
}

/** Failures the parent is known for already, beside those of the minibatch. */
function furtherFailures(parent: Member, train: readonly string[], minibatch: readonly string[]): string[] {
  return knownFailures(parent, train)
    .filter((id) => !minibatch.includes(id))
    .slice(0, SHOWN_FAILURES);
}

/** The lessons a proposal is shown: the last ones that hold. */
function shownLessons(state: State): string[] {
  return activeLessons(state.lessons)
    .slice(-SHOWN_LESSONS)
    .map((lesson) => lesson.id);
}

function rejectedEditsOf(state: State, parentId: string): RejectedEdit[] {
  return state.rejected
    .filter((r) => r.parentIds[0] === parentId)
    .flatMap((r) => r.edit ?? [])
    .slice(-SHOWN_REJECTED_EDITS);
}
