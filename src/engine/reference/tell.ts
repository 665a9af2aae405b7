import type { Evaluation } from "../../domain/evaluation.ts";
import { componentNames, type Components } from "../../domain/spec.ts";
import { announce } from "../announce.ts";
import { outage, OutageError } from "../breaker.ts";
import type { EngineStep } from "../ports.ts";
import type { Reflected } from "../reflection/propose-text.ts";
import { generated, judged, type Run } from "../run.ts";
import { candidateId, SEED_ID, textDigest, withEvaluations, type Member, type State } from "../state.ts";
import type { Batch, ReferenceStep } from "./ports.ts";

/** A candidate that was written and not yet decided on. */
interface Written {
  readonly components: Components;
  readonly operator: "reflect" | "merge";
  readonly parentIds: readonly string[];
}

/**
 * Tells the reference's steps as public events and keeps the run's state in step, for the report at the end. Candidates
 * get public ids: what iteration k writes is c<k>.
 */
export function createTeller(
  run: Run,
  lastReflection: () => Reflected | undefined,
): (step: ReferenceStep<Evaluation>) => Generator<EngineStep, void, void> {
  const ids: string[] = [SEED_ID];
  let written: Written | undefined;
  let mergeTrial: Batch<Evaluation> | undefined;
  const idOf = (candidate: number) => ids[candidate] ?? SEED_ID;

  function* write(iteration: number, next: Written): Generator<EngineStep, void, void> {
    written = next;
    const { components, operator, parentIds } = next;
    const parent = run.state.pool.find((m) => m.id === parentIds[0])?.components ?? {};
    const reflected = operator === "reflect" ? lastReflection() : undefined;
    yield generated(run, {
      iteration,
      candidateId: candidateId(iteration),
      parentIds,
      operator,
      components,
      changedComponents: componentNames(components).filter((name) => components[name] !== parent[name]),
      rationale: reflected?.proposal?.rationale ?? "",
      lessonIds: [],
      rejectedTexts: reflected?.rejectedTexts ?? [],
    });
  }

  function* decide(iteration: number, id: string, accepted: boolean, reason: string): Generator<EngineStep> {
    run.state = { ...run.state, commits: iteration };
    if (!accepted && id !== "" && written) run.state = withRejected(run.state, iteration, written);
    yield* announce(run, { iteration, candidateId: id, accepted, reason, lessons: [] });
  }

  return function* tell(step) {
    const { iteration } = step;
    const child = candidateId(iteration);
    switch (step.kind) {
      case "budget_updated":
        run.state = { ...run.state, used: { ...run.state.used, metricCalls: step.used } };
        return;
      case "evaluation_end": {
        const { records } = step.batch;
        if (step.by === "merge")
          mergeTrial = step.batch; // the merge is told first, see merge_attempted
        else if (step.by === "mutation") yield judged(run, iteration, child, "minibatch", records);
        else yield judged(run, iteration, idOf(step.candidate ?? 0), "parent_minibatch", records);
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
        const detail = lastReflection()?.rejectedTexts.at(-1)?.detail ?? "no answer could be had.";
        yield* decide(iteration, "", false, `No usable text was proposed: ${detail}`);
        return;
      }
      case "proposal_end":
        yield* write(iteration, {
          components: step.components,
          operator: "reflect",
          parentIds: [idOf(step.parent)],
        });
        return;
      case "merge_attempted":
        yield* write(iteration, {
          components: step.components,
          operator: "merge",
          parentIds: step.parents.map(idOf),
        });
        yield judged(run, iteration, child, "merge", mergeTrial?.records ?? []);
        return;
      case "candidate_rejected":
        yield* decide(iteration, child, false, `${step.reason}: ${step.after} against ${step.before}.`);
        return;
      case "merge_rejected":
        yield* decide(iteration, child, false, "The merge scored less than the better of its parents.");
        return;
      case "valset_evaluated": {
        ids[step.candidate] = child;
        run.state = joined(run.state, step, written);
        yield judged(run, iteration, child, "validation", step.batch.records);
        if (iteration > 0) return;
        throwIfUnscored(step.batch.records);
        yield* decide(0, child, true, `The seed scored ${step.average.toFixed(3)} on validation.`);
        return;
      }
      case "candidate_accepted":
        yield* decide(
          iteration,
          child,
          true,
          `It scored ${step.score} on its minibatch and joined the pool.`,
        );
        return;
      case "candidate_selected":
      case "minibatch_sampled":
      case "pareto_front_updated":
      case "merge_accepted":
      case "iteration_end":
        return;
    }
  };
}

/** A seed without any score is an outage, in this profile too. */
function throwIfUnscored(records: readonly Evaluation[]): void {
  const problem = records.find((e) => e.error)?.error;
  if (problem && records.every((e) => e.score === undefined))
    throw new OutageError(outage("target", problem));
}

function joined(
  state: State,
  step: Extract<ReferenceStep<Evaluation>, { kind: "valset_evaluated" }>,
  written: Written | undefined,
): State {
  const { iteration, batch } = step;
  const id = candidateId(iteration);
  const best = step.isBest ? { bestId: id, bestSince: iteration } : {};
  if (iteration === 0 || !written) {
    const pool = state.pool.map((m) => (m.id === SEED_ID ? withEvaluations(m, batch.records) : m));
    return { ...state, ...best, pool, used: { ...state.used, metricCalls: step.exampleIds.length } };
  }
  const member: Member = {
    id,
    components: written.components,
    text: textDigest(written.components),
    parentIds: written.parentIds,
    operator: written.operator,
    iteration,
    scores: {},
    failed: [],
  };
  return { ...state, ...best, pool: [...state.pool, withEvaluations(member, batch.records)] };
}

function withRejected(state: State, iteration: number, written: Written): State {
  const { components, parentIds, operator } = written;
  const id = candidateId(iteration);
  const text = textDigest(components);
  return {
    ...state,
    rejected: [...state.rejected, { id, parentIds, operator, iteration, text, tried: [] }],
  };
}
