import type { StopReason } from "../domain/stop-reason.ts";
import type { OptimizeSpec } from "../domain/spec.ts";
import { meanOver, SCORE_EPSILON } from "./standing.ts";
import { memberOf, type State, type Stopping } from "./state.ts";

/** Proposals in a row that could not be made; after so many the next one will not fare better. */
export const MAX_UNMADE = 6;

/** Why nothing more is worth starting, judged by what is committed; undefined to go on. */
export function decideStop(
  spec: OptimizeSpec,
  validation: readonly string[],
  state: State,
): Stopping | undefined {
  const best = memberOf(state, state.bestId);
  const mean = meanOver(best, validation);
  if (mean !== undefined && validation.every((id) => (best.scores[id] ?? 0) >= 1 - SCORE_EPSILON)) {
    return { reason: "solved", detail: `${best.id} has a perfect score on every validation example.` };
  }
  const { targetScore, earlyStopPatience } = spec.config;
  if (targetScore !== undefined && mean !== undefined && mean >= targetScore - SCORE_EPSILON) {
    return {
      reason: "target_score",
      detail: `${best.id} reached ${mean.toFixed(3)}; the target was ${targetScore}.`,
    };
  }
  if (state.commits >= spec.budget.maxIterations) return budgetStop("iterations");
  if (earlyStopPatience !== undefined && state.commits - state.bestSince >= earlyStopPatience) {
    return { reason: "plateau", detail: `No better prompt was found in ${earlyStopPatience} iterations.` };
  }
  if (state.unmade.length >= MAX_UNMADE) {
    return {
      reason: "no_progress",
      detail: `${state.unmade.length} proposals in a row could not be made; the last select events say why.`,
    };
  }
  return undefined;
}

const BUDGET_NAMES: Partial<Record<StopReason, string>> = {
  iterations: "max_iterations",
  metric_calls: "max_metric_calls",
  model_calls: "max_model_calls",
  tokens: "max_tokens",
  cost: "max_cost_usd",
  wall_time: "max_wall_time_s",
};

/** A stop because the caller asked for it. */
export const STOPPED: Stopping = { reason: "stopped", detail: "The caller asked to stop." };

/** A stop because a limit has no room for more. */
export function budgetStop(reason: StopReason): Stopping {
  return { reason, detail: `budget.${BUDGET_NAMES[reason]} has no room for another proposal.` };
}

/** Whether a stop comes before the budget is used up, which is worth an event of its own. */
export function isEarly({ reason }: Stopping): boolean {
  return BUDGET_NAMES[reason] === undefined;
}
