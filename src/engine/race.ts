import { announce } from "./announce.ts";
import { believe, isWhole, lead, mostPromising } from "./belief.ts";
import { blocksOf, nextBlock } from "./blocks.ts";
import { OutageError } from "./breaker.ts";
import { addCosts, limitBrokenBy, times } from "./budget.ts";
import { bookRollouts, standing, withLeader } from "./commit.ts";
import type { Rollout } from "./evaluate.ts";
import type { EngineStep } from "./ports.ts";
import { breaksLimit } from "./room.ts";
import { checkpoint, judged, type Run } from "./run.ts";
import { SCORE_EPSILON } from "./standing.ts";
import { isKnown, memberOf, type Member } from "./state.ts";
import { decideStop } from "./stop.ts";

/**
 * Where proposals go side by side, those for each block that somebody is run on: the first to come back would be raced
 * against the seed alone, while its brothers, half of them better, are still on their way.
 */
const PROPOSALS_PER_BLOCK = 5;
/** Rounds at the end, at most: each costs up to a validation, and the last ones promise least. */
const MAX_ROUNDS = 8;
/** At the end a paused candidate is given another chance unless it is this many standard deviations behind the best. */
const RETURNING_LEAD = -0.5;

/** A candidate, and the validation examples it is to be run on. */
interface Heat {
  readonly member: Member;
  readonly ids: readonly string[];
}

/**
 * Runs whoever is believed to be the best on, block by block, until somebody else is or nothing is left to run it on.
 * So doubt about the lead is paid for first, and everybody else stays paused until it is their turn (successive
 * halving, made asynchronous: Li et al., "A System for Massively Parallel Hyperparameter Tuning", 2020).
 */
export async function* race(run: Run): AsyncGenerator<EngineStep, void, void> {
  for (let heat = nextHeat(run); heat && !run.state.stopping; heat = nextHeat(run)) {
    const { member, ids } = heat;
    const rollouts = await run.bench.evaluate(member.components, ids, "first");
    run.state = { ...run.state, blocks: run.state.blocks + 1 };
    yield* book(run, member, rollouts, `${member.id} promises most and was run on`);
    const stopping = decideStop(run.course.spec, run.course.splits.validation, run.state);
    if (stopping) run.state = { ...run.state, stopping };
    yield checkpoint(run);
  }
}

/** The next block of whoever is believed to be the best; undefined where it is whole, or too early, or too dear. */
function nextHeat({ course, state }: Run): Heat | undefined {
  const { spec, splits, order, prices, tactics } = course;
  const id = mostPromising(believe(state.pool, splits.validation));
  const member = id === undefined ? undefined : memberOf(state, id);
  const ids = member ? nextBlock(member, blocksOf(order, tactics.racing, member.iteration)) : [];
  const isEarly = spec.config.width > 1 && state.blocks * PROPOSALS_PER_BLOCK > state.commits;
  if (!member || (isEarly && !isFlawless(member, order))) return undefined;
  if (ids.length === 0 || breaksLimit(course, state, times(ids.length, prices.worstRun))) return undefined;
  return { member, ids };
}

/** Whether a candidate is perfect wherever it was validated so far: none of its brothers can be better. */
function isFlawless(member: Member, order: readonly string[]): boolean {
  return order.every((id) => !isKnown(member, id) || (member.scores[id] ?? 0) >= 1 - SCORE_EPSILON);
}

/**
 * Completes the validation of paused candidates where the search has left budget, as many at once as the width allows,
 * the most promising first, for as long as one of them may yet turn out to be the best.
 */
export async function* settle(run: Run): AsyncGenerator<EngineStep, void, void> {
  const reason = run.state.stopping?.reason;
  if (reason === "wall_time" || reason === "stopped" || reason === "solved") return;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const heats = lastHeats(run);
    const rollouts = await Promise.all(heats.map((heat) => rolloutsOf(run, heat)));
    for (const [i, { member }] of heats.entries()) {
      yield* book(run, member, rollouts[i] ?? [], `Budget is left, so ${member.id} was run on`);
    }
    if (rollouts.includes(undefined)) run.state = { ...run.state, unbooked: true };
    if (heats.length === 0 || rollouts.includes(undefined)) return;
  }
}

/** Paused candidates whose completion fits into what is left, and the examples they miss. */
function lastHeats(run: Run): Heat[] {
  const { spec, splits, order, prices, reserve } = run.course;
  const { of } = believe(run.state.pool, splits.validation);
  const best = of.get(run.state.bestId);
  const mean = (m: Member) => of.get(m.id)?.mean ?? Number.NEGATIVE_INFINITY;
  const promising = run.state.pool.filter((m) => {
    const belief = of.get(m.id);
    return !isWhole(m, order) && belief && best && lead(belief, best) >= RETURNING_LEAD;
  });
  const taken = addCosts(run.state.used, reserve, ...(run.state.dropped ? [run.state.dropped.worst] : []));
  const heats: Heat[] = [];
  let runs = 0;
  for (const member of promising.sort((a, b) => mean(b) - mean(a)).slice(0, spec.config.width)) {
    const ids = order.filter((id) => !isKnown(member, id));
    runs += ids.length;
    if (limitBrokenBy(spec.budget, taken, times(runs, prices.worstRun))) break;
    heats.push({ member, ids });
  }
  return heats;
}

/** Undefined where the models are out of reach: what was found stands. */
async function rolloutsOf(run: Run, { member, ids }: Heat): Promise<Rollout[] | undefined> {
  try {
    return await run.evaluate(member.components, ids);
  } catch (error) {
    if (error instanceof OutageError) return undefined;
    throw error;
  }
}

/** Takes what a candidate scored into the state, and tells it. */
async function* book(
  run: Run,
  member: Member,
  rollouts: readonly Rollout[],
  why: string,
): AsyncGenerator<EngineStep, void, void> {
  const iteration = run.state.commits;
  const booked = bookRollouts(run.state, member.id, member.exact, rollouts, new Set());
  const state = withLeader(run.course, booked.state);
  const leads = state.bestId === run.state.bestId ? "" : " and is the best so far";
  run.state = state;
  yield* judged(run, iteration, member.id, "validation", booked.evaluations);
  yield* announce(run, {
    iteration,
    candidateId: member.id,
    accepted: true,
    reason: `${why}: ${standing(memberOf(state, member.id), run.course.order)}${leads}.`,
    lessons: [],
  });
}
