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

/** Rounds at the end, at most: each costs up to a validation, and the last ones promise least. */
const MAX_ROUNDS = 8;

/**
 * Completes the validation of paused candidates where the search has left budget, as many at once as the width allows,
 * the most promising first, for as long as one of them may yet turn out to be the best.
 */
export async function* settle(run: Run): AsyncGenerator<EngineStep, void, void> {
  const { order, tactics } = run.course;
  const reason = run.state.stopping?.reason;
  if (!tactics.takingUp || reason === "wall_time" || reason === "stopped" || reason === "solved") return;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const chosen = choose(run);
    const rollouts = await Promise.all(chosen.map(({ member, ids }) => runOn(run, member, ids)));
    for (const [i, { member }] of chosen.entries()) {
      const booked = bookRollouts(run.state, member.id, member.text, rollouts[i] ?? [], new Set());
      run.state = withLeader(run.course, booked.state);
      yield* judged(run, run.state.commits, member.id, "validation", booked.evaluations);
      const leads = run.state.bestId === member.id ? " and is the best so far" : "";
      yield* announce(run, {
        iteration: run.state.commits,
        candidateId: member.id,
        accepted: true,
        reason: `Budget is left, so ${member.id} was taken up again: ${standing(memberOf(run.state, member.id), order)}${leads}.`,
        lessons: [],
      });
    }
    if (rollouts.includes(undefined)) run.state = { ...run.state, unbooked: true };
    if (chosen.length === 0 || rollouts.includes(undefined)) return;
  }
}

/** Paused candidates whose completion fits into what is left, and the examples they miss. */
function choose(run: Run): { readonly member: Member; readonly ids: readonly string[] }[] {
  const { spec, splits, order } = run.course;
  const { of } = believe(run.state.pool, splits.validation);
  const best = of.get(run.state.bestId);
  const mean = (m: Member) => of.get(m.id)?.mean ?? Number.NEGATIVE_INFINITY;
  const promising = run.state.pool.filter((m) => {
    const belief = of.get(m.id);
    return !isWhole(m, order) && belief !== undefined && best !== undefined && isPromising(belief, best);
  });
  const chosen: { readonly member: Member; readonly ids: readonly string[] }[] = [];
  let runs = 0;
  for (const member of promising.sort((a, b) => mean(b) - mean(a)).slice(0, spec.config.width)) {
    const open = order.filter((id) => !isKnown(member, id));
    runs += open.length;
    if (!hasRoom(run, runs)) break;
    chosen.push({ member, ids: open });
  }
  return chosen;
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
