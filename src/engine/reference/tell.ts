import { bare } from "../../base/bare.ts";
import type { Evaluation } from "../../domain/evaluation.ts";
import { REFERENCE_CONFIG_DEFAULTS } from "../../domain/reference-config.ts";
import { componentNames, type Components } from "../../domain/spec.ts";
import { announce } from "../announce.ts";
import { throwIfUnscored } from "../breaker.ts";
import { count } from "../../domain/count.ts";
import type { EngineStep } from "../ports.ts";
import { generated, judged, type Run } from "../run.ts";
import {
  candidateId,
  exactDigest,
  SEED_ID,
  textDigest,
  withEvaluations,
  type Member,
  type State,
} from "../state.ts";
import type { Batch, ReferenceStep } from "./ports.ts";
import { OPERATOR, type Reflection } from "./reflect.ts";

/** A candidate that was written and not yet decided on. */
interface Written {
  readonly id: string;
  readonly components: Components;
  readonly operator: typeof OPERATOR | "merge";
  readonly parentIds: readonly string[];
}

/** What a child had to beat. */
interface Tried {
  readonly before: number;
  readonly examples: number;
  readonly parents: readonly number[];
}

/** A merge is the only proposal of its iteration. */
const ONLY = 0;

/**
 * Tells the reference's steps as public events and keeps the run's state in step, for the report at the end. Candidates
 * get public ids: what iteration k writes is c<k>, and where it writes several, c<k>.1, c<k>.2 …
 */
export function createTeller(
  run: Run,
  reflection: Pick<Reflection, "rejectedTexts">,
): (step: ReferenceStep<Evaluation>) => Generator<EngineStep, void, void> {
  const ids: string[] = [SEED_ID];
  const written = new Map<number, Written>();
  let mergeTrial: Batch<Evaluation> | undefined;
  const { sampling } = run.course.spec.config.reference ?? REFERENCE_CONFIG_DEFAULTS;
  const isOnly = sampling.parents * sampling.mutations === 1;
  const idOf = (candidate: number) => ids[candidate] ?? SEED_ID;
  const childId = (iteration: number, proposal: number) =>
    isOnly ? candidateId(iteration) : `${candidateId(iteration)}.${proposal + 1}`;

  function* write(iteration: number, proposal: number, next: Written): Generator<EngineStep, void, void> {
    written.set(proposal, next);
    const { id, components, operator, parentIds } = next;
    const parent = run.state.pool.find((m) => m.id === parentIds[0])?.components ?? {};
    yield generated(run, {
      iteration,
      candidateId: id,
      parentIds,
      operator,
      components,
      changedComponents: componentNames(components).filter((name) => components[name] !== parent[name]),
      rationale: "", // gepa asks for none
      lessonIds: [],
      rejectedTexts: operator === OPERATOR ? reflection.rejectedTexts() : [],
    });
  }

  /** What a child was decided on; gepa 0.1.4 compares sums where others compare means. */
  function sums(child: string, after: number, { before, examples, parents }: Tried): string {
    const of =
      parents.length > 1 ? `the better of ${parents.map(idOf).join(" and ")}` : parents.map(idOf).join();
    return `${child} scored ${points(after)} in sum against ${points(before)} of ${of} on ${count(examples, "example")}`;
  }

  /** Tells a decision; about nobody where no text could be had. */
  function* decide(iteration: number, id: string, accepted: boolean, reason: string): Generator<EngineStep> {
    run.state = { ...run.state, commits: iteration };
    yield* announce(run, { iteration, candidateId: id, accepted, reason, lessons: [] });
  }

  function* reject(iteration: number, proposal: number, reason: string): Generator<EngineStep> {
    const child = written.get(proposal);
    if (!child) return;
    run.state = withRejected(run.state, iteration, child);
    yield* decide(iteration, child.id, false, reason);
  }

  return function* tell(step) {
    const { iteration } = step;
    switch (step.kind) {
      case "budget_updated":
        run.state = { ...run.state, used: { ...run.state.used, metricCalls: step.used } };
        return;
      case "evaluation_end": {
        const { records } = step.batch;
        if (step.by === "merge")
          mergeTrial = step.batch; // the merge is told first, see merge_attempted
        else if (step.by === "mutation") {
          yield* judged(run, iteration, childId(iteration, step.proposal ?? ONLY), "minibatch", records);
        } else yield* judged(run, iteration, idOf(step.candidate ?? 0), "parent_minibatch", records);
        return;
      }
      case "evaluation_skipped":
        yield* decide(
          iteration,
          "",
          false,
          "The parent is perfect on these examples, which gepa 0.1.4 skips.",
        );
        return;
      case "proposal_dropped": {
        const detail = reflection.rejectedTexts().at(-1)?.detail ?? "no answer could be had.";
        yield* decide(iteration, "", false, `No usable text was proposed: ${detail}`);
        return;
      }
      case "proposal_end":
        yield* write(iteration, step.proposal, {
          id: childId(iteration, step.proposal),
          components: step.components,
          operator: OPERATOR,
          parentIds: [idOf(step.parent)],
        });
        return;
      case "merge_attempted": {
        const id = childId(iteration, ONLY);
        const parentIds = step.parents.map(idOf);
        yield* write(iteration, ONLY, { id, components: step.components, operator: "merge", parentIds });
        yield* judged(run, iteration, id, "merge", mergeTrial?.records ?? []);
        return;
      }
      case "candidate_rejected":
        yield* reject(
          iteration,
          step.proposal,
          `${step.reason}: ${sums(childId(iteration, step.proposal), step.after, step)}.`,
        );
        return;
      case "merge_rejected":
        yield* reject(
          iteration,
          ONLY,
          `The merge scored less than the better of its parents: ${sums(childId(iteration, ONLY), step.after, step)}.`,
        );
        return;
      case "valset_evaluated": {
        const child = written.get(step.proposal ?? ONLY);
        const id = iteration === 0 || !child ? SEED_ID : child.id;
        ids[step.candidate] = id;
        run.state = joined(run.state, step, iteration === 0 ? undefined : child);
        yield* judged(run, iteration, id, "validation", step.batch.records);
        if (iteration > 0) return;
        throwIfUnscored(step.batch.records); // a seed without any score is an outage, in this profile too
        yield* decide(0, id, true, `The seed scored ${step.average.toFixed(3)} on validation.`);
        return;
      }
      case "candidate_accepted":
        yield* decide(
          iteration,
          idOf(step.candidate),
          true,
          `${sums(idOf(step.candidate), step.score, step)}: it joined the pool.`,
        );
        return;
      case "iteration_end":
        written.clear();
        return;
      case "candidate_selected":
      case "minibatch_sampled":
      case "pareto_front_updated":
      case "merge_accepted":
        return;
    }
  };
}

function points(sum: number): string {
  return String(Number(sum.toFixed(3)));
}

function joined(
  state: State,
  step: Extract<ReferenceStep<Evaluation>, { kind: "valset_evaluated" }>,
  child: Written | undefined,
): State {
  const { iteration, batch } = step;
  const best = step.isBest ? { bestId: child?.id ?? SEED_ID, bestSince: iteration } : {};
  if (!child) {
    const pool = state.pool.map((m) => (m.id === SEED_ID ? withEvaluations(m, batch.records) : m));
    return { ...state, ...best, pool, used: { ...state.used, metricCalls: step.exampleIds.length } };
  }
  const text = textDigest(child.components);
  const member: Member = {
    ...child,
    text,
    exact: exactDigest(child.components),
    iteration,
    scores: bare(),
    failed: [],
  };
  return { ...state, ...best, pool: [...state.pool, withEvaluations(member, batch.records)] };
}

function withRejected(state: State, iteration: number, child: Written): State {
  const { id, components, parentIds, operator } = child;
  const rejected = {
    id,
    parentIds,
    operator,
    iteration,
    text: textDigest(components),
    exact: exactDigest(components),
    tried: [],
  };
  return { ...state, rejected: [...state.rejected, rejected] };
}
