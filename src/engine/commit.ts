import { bare } from "../base/bare.ts";
import { count } from "../domain/count.ts";
import type { Comparison } from "./acceptance/acceptance.ts";
import type { Decision } from "./announce.ts";
import type { Evaluation } from "../domain/evaluation.ts";
import { addCosts } from "./budget.ts";
import type { Rollout } from "./evaluate.ts";
import type { Course } from "./course.ts";
import type { Intent } from "./intent.ts";
import { SHOWN_REJECTED_EDITS } from "./reflection/limits.ts";
import { learn } from "./lessons.ts";
import { OPERATORS, type OperatorName } from "./operators/registry.ts";
import type { Outcome } from "./proposal.ts";
import { leaderOf, meanOver } from "./standing.ts";
import {
  candidateId,
  exactDigest,
  textDigest,
  wasRun,
  withEvaluations,
  type Effect,
  type Member,
  type Rejected,
  type State,
} from "./state.ts";
import { decideStop } from "./stop.ts";

/** The state after a commit, and what to tell of it. */
export interface Verdict {
  readonly state: State;
  readonly decision: Decision;
}

/** Evaluations as they are told: what was known already costs nothing and says so. */
export function bookRollouts(
  state: State,
  candidate: string,
  exact: string,
  rollouts: readonly Rollout[],
  toldBefore: ReadonlySet<string>,
): { readonly state: State; readonly evaluations: readonly Evaluation[] } {
  const isReused = ({ evaluation: { exampleId } }: Rollout) =>
    toldBefore.has(exampleId) || wasRun(state, exact, exampleId);
  const evaluations = rollouts.map((r) => ({ ...r.evaluation, reused: isReused(r) }));
  const charged = rollouts.filter((r) => !isReused(r)).map((r) => r.cost);
  return {
    evaluations,
    state: {
      ...state,
      used: addCosts(state.used, ...charged),
      pool: state.pool.map((m) => (m.id === candidate ? withEvaluations(m, evaluations) : m)),
    },
  };
}

/** Takes the oldest proposal into the state. Its rollouts were booked as they were told; its reflection is here. */
export function commitProposal(course: Course, before: State, intent: Intent, outcome: Outcome): Verdict {
  const state: State = {
    ...before,
    commits: before.commits + 1,
    used: addCosts(before.used, outcome.reflectionCost),
    inFlight: before.inFlight.slice(1),
  };
  const verdict =
    outcome.kind === "unmade"
      ? {
          // A parent that was right everywhere is no sign that proposals can not be made.
          state: withLeader(course, {
            ...state,
            unmade: outcome.nothingToLearn ? state.unmade : [...state.unmade, intent.operator],
          }),
          decision: {
            iteration: intent.iteration,
            candidateId: "",
            accepted: false,
            reason: outcome.reason,
            lessons: [],
          },
        }
      : commitTried(course, { ...state, unmade: [] }, intent, outcome);
  if (verdict.state.stopping) return verdict;
  const stopping = decideStop(course.spec, course.splits.validation, verdict.state);
  return stopping ? { ...verdict, state: { ...verdict.state, stopping } } : verdict;
}

function commitTried(
  course: Course,
  before: State,
  intent: Intent,
  outcome: Extract<Outcome, { kind: "tried" }>,
): Verdict {
  const id = candidateId(intent.iteration);
  const { trial, draft } = outcome;
  const text = textDigest(draft.components);
  const twin = holderOf(before, text);
  const accepted = outcome.passed && twin === undefined;
  const child = withEvaluations(
    {
      id,
      components: draft.components,
      text,
      exact: exactDigest(draft.components),
      parentIds: intent.parentIds,
      operator: intent.operator,
      iteration: intent.iteration,
      scores: bare(),
      failed: [],
    },
    outcome.evaluations,
  );
  const effect = effectOf(trial);
  const journal = learn(before.lessons, {
    iteration: intent.iteration,
    candidateId: id,
    text: draft.lesson,
    evidenceExampleIds: outcome.trialIds,
    ...(effect === undefined ? {} : { effect: effect.change }),
    shownIds: intent.lessonIds,
  });

  const learnt: State = { ...before, lessons: journal.lessons };
  const state = withLeader(
    course,
    accepted
      ? { ...learnt, pool: [...learnt.pool, child] }
      : {
          ...learnt,
          // What a twin was run on need not be run again.
          pool: learnt.pool.map((m) =>
            m.id === twin && m.exact === child.exact ? withEvaluations(m, outcome.evaluations) : m,
          ),
          rejected: withRejected(learnt.rejected, rejectedOf(child, draft.changed, effect)),
        },
  );
  return {
    state,
    decision: {
      iteration: intent.iteration,
      candidateId: id,
      accepted,
      reason: twin ? `${id} is the same text as ${twin}.` : sentence(course, state, intent, outcome, child),
      lessons: journal.changed,
    },
  };
}

function effectOf({ shared, childSum, parentSum }: Comparison): Effect | undefined {
  return shared > 0 ? { change: (childSum - parentSum) / shared, examples: shared } : undefined;
}

/** The state with whoever leads now. */
export function withLeader({ splits }: Course, state: State): State {
  const bestId = leaderOf(state.pool, state.bestId, splits.validation);
  return bestId === state.bestId ? state : { ...state, bestId, bestSince: state.commits };
}

/** The candidate that has this text, among those committed by iteration `asOf`; undefined where none has. */
export function holderOf(state: State, digest: string, asOf = Number.POSITIVE_INFINITY): string | undefined {
  return (
    state.pool.find((m) => m.iteration <= asOf && m.text === digest)?.id ??
    state.rejected.find((r) => r.iteration <= asOf && r.text === digest)?.id
  );
}

function rejectedOf(child: Member, changed: readonly string[], effect: Effect | undefined): Rejected {
  return {
    id: child.id,
    parentIds: child.parentIds,
    operator: child.operator,
    iteration: child.iteration,
    text: child.text,
    exact: child.exact,
    tried: [...Object.keys(child.scores), ...child.failed],
    ...(effect === undefined ? {} : { effect }),
    edit: {
      changed: Object.fromEntries(changed.map((name) => [name, child.components[name] ?? ""])),
      ...(effect === undefined ? {} : { change: effect.change }),
    },
  };
}

/** Adds a rejected candidate and forgets the text of edits that no proposal will be shown any more. */
function withRejected(rejected: readonly Rejected[], added: Rejected): Rejected[] {
  const parent = added.parentIds[0];
  const siblings = rejected.filter((r) => r.parentIds[0] === parent && r.edit);
  const forgotten = new Set(siblings.slice(0, Math.max(0, siblings.length + 1 - SHOWN_REJECTED_EDITS)));
  return [
    ...rejected.map((r) => {
      if (!forgotten.has(r)) return r;
      const { edit: _forgotten, ...rest } = r;
      return rest;
    }),
    added,
  ];
}

function sentence(
  { order, splits }: Course,
  state: State,
  intent: Intent,
  { trial, passed }: Extract<Outcome, { kind: "tried" }>,
  child: Member,
): string {
  const parents = comparedWith(intent);
  if (trial.shared === 0) return `${child.id} could not be compared with ${parents}: calls failed.`;
  const mean = (sum: number) => (sum / trial.shared).toFixed(3);
  const scores = `${mean(trial.childSum)} against ${mean(trial.parentSum)}`;
  const means = `${child.id} scored ${scores} of ${parents} on ${count(trial.shared, "example")}`;
  if (!passed) return `${means}: no improvement, so it was dropped.`;
  if (meanOver(child, splits.validation) === undefined) {
    return `${means} and joined the pool, but no validation score could be had.`;
  }
  const leads = state.bestId === child.id ? " and is the best so far" : "";
  return `${means} and ${standing(child, order)}: it joined the pool${leads}.`;
}

/** Who a child was tried against: the parent it was edited from, or of a merge the better one. */
function comparedWith({ operator, parentIds }: Intent): string {
  const { kind } = OPERATORS[operator as OperatorName];
  return kind === "combining" ? `the better of ${parentIds.join(" and ")}` : (parentIds[0] ?? "");
}

/** A candidate's validation so far. */
export function standing(member: Member, order: readonly string[]): string {
  const mean = meanOver(member, order);
  if (mean === undefined) return "no validation score could be had";
  const scored = order.filter((id) => member.scores[id] !== undefined).length;
  return scored === order.length
    ? `${mean.toFixed(3)} on validation`
    : `${mean.toFixed(3)} on ${scored} of ${order.length} validation examples`;
}
