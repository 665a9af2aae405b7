import type { StopReason } from "../domain/stop-reason.ts";
import { addCosts, limitBrokenBy, times, timesThatFit, type Cost } from "./budget.ts";
import type { Course } from "./course.ts";
import { blocksOf } from "./race.ts";
import type { State } from "./state.ts";

/** What a proposal may take. */
export interface Room {
  /** Validation runs. */
  readonly allowance: number;
  /** Everything at the very most. */
  readonly worst: Cost;
}

/** Work of a proposal before its child is validated, and the validation runs it could use at most. */
export interface Work {
  readonly fixed: Cost;
  readonly validation: number;
}

/**
 * Fewest validation runs a proposal is started with: two blocks of fifty examples. Below that a good child could not be
 * told from a lucky one.
 */
const MIN_ALLOWANCE = 16;
/**
 * Generations a budget should last for when several proposals are in flight: those of the first one all start from the
 * seed, all look better than it, and would validate the budget away before anything was learnt from any of them.
 */
const GENERATIONS = 4;
/**
 * Validation runs per proposal of the width that must be left for another one to start: the last few of a budget would
 * go by one after the other, with most of the width idle, and are better spent on completing what was paused.
 */
const RUNS_TO_FILL = 8;
/** But never more than this part of the budget. */
const FILL_PART = 8;
/** More runs than any job makes. */
const UNLIMITED = 1_000_000_000;

/**
 * The room the budget has for one more proposal, beside what is used, kept back, and in flight at its worst; so no limit
 * is overshot, however they turn out. Where the whole validation does not fit, a part of it will do: what is left open
 * is a paused candidate. Several proposals in flight share what there is.
 */
export function roomFor(course: Course, state: State, work: Work): Room | { readonly noRoom: StopReason } {
  const { spec, prices } = course;
  const taken = addCosts(
    state.used,
    course.reserve,
    ...state.inFlight.map((other) => other.worst),
    work.fixed,
  );
  const least = canPause(course) ? Math.min(work.validation, MIN_ALLOWANCE) : work.validation;
  const { width } = spec.config;
  const whole = timesThatFit(spec.budget, course.reserve, prices.worstRun, UNLIMITED);
  const fill = width > 1 ? Math.min(width * RUNS_TO_FILL, Math.floor(whole / FILL_PART)) : 0;
  const broken = limitBrokenBy(spec.budget, taken, times(Math.max(least, fill), prices.worstRun));
  if (broken) return { noRoom: broken };
  const fits = timesThatFit(spec.budget, taken, prices.worstRun, UNLIMITED);
  const shares = width === 1 ? 1 : width * GENERATIONS - state.inFlight.length;
  const allowance = Math.min(work.validation, Math.max(least, Math.floor(fits / shares)));
  return { allowance, worst: addCosts(work.fixed, times(allowance, prices.worstRun)) };
}

/** Whether a validation has more than one block. */
function canPause({ order, tactics }: Course): boolean {
  return blocksOf(order, tactics.racing).length > 1;
}
