import { announce } from "./announce.ts";
import { believe, isWhole } from "./belief.ts";
import { addCosts, limitBrokenBy, times } from "./budget.ts";
import { OutageError } from "./breaker.ts";
import type { Rollout } from "./evaluate.ts";
import { bookRollouts, standing, withLeader } from "./commit.ts";
import type { EngineStep } from "./ports.ts";
import { isPromising } from "./race.ts";
import { judged, type Run } from "./run.ts";
import { isKnown, memberOf, type Member } from "./state.ts";

/** Candidates that are taken up at the end, at most: each costs up to a validation, and the last ones promise least. */
const MAX_TAKEN_UP = 8;

/**
 * Runs paused candidates on where the search has left budget, the most promising first, half of what is missing at a
 * time, for as long as one of them may yet turn out to be the best.
 */
export async function* settle(run: Run): AsyncGenerator<EngineStep, void, void> {
  const { course } = run;
  const { order, splits, tactics } = course;
  const reason = run.state.stopping?.reason;
  if (!tactics.takingUp || reason === "wall_time" || reason === "stopped" || reason === "solved") return;
  for (let n = 0; n < MAX_TAKEN_UP; n++) {
    const { of } = believe(run.state.pool, splits.validation);
    const best = of.get(run.state.bestId);
    const mean = (m: Member) => of.get(m.id)?.mean ?? Number.NEGATIVE_INFINITY;
    const [next] = run.state.pool
      .filter((m) => !isWhole(m, order))
      .filter((m) => {
        const belief = of.get(m.id);
        return belief !== undefined && best !== undefined && isPromising(belief, best);
      })
      .sort((a, b) => mean(b) - mean(a));
    if (!next) return;
    const open = order.filter((id) => !isKnown(next, id));
    if (!hasRoom(run, open.length)) return;
    const rollouts = await runOn(run, next, open.slice(0, Math.ceil(open.length / 2)));
    if (!rollouts) return;
    const booked = bookRollouts(run.state, next.id, next.text, rollouts, new Set());
    run.state = withLeader(course, booked.state);
    yield* judged(run, run.state.commits, next.id, "validation", booked.evaluations);
    const leads = run.state.bestId === next.id ? " and is the best so far" : "";
    yield* announce(run, {
      iteration: run.state.commits,
      candidateId: next.id,
      accepted: true,
      reason: `Budget is left, so ${next.id} was taken up again: ${standing(memberOf(run.state, next.id), order)}${leads}.`,
      lessons: [],
    });
  }
}

/** Undefined where the models are out of reach: what was found stands. */
async function runOn(
  run: Run,
  member: Member,
  exampleIds: readonly string[],
): Promise<Rollout[] | undefined> {
  try {
    return await run.evaluate(member.components, exampleIds);
  } catch (error) {
    if (error instanceof OutageError) return undefined;
    throw error;
  }
}

function hasRoom({ course, state }: Run, runs: number): boolean {
  const { spec, prices, reserve } = course;
  const taken = addCosts(state.used, reserve, ...(state.dropped ? [state.dropped.worst] : []));
  return !limitBrokenBy(spec.budget, taken, times(runs, prices.worstRun));
}
