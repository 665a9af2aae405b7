import type { StopReason } from "../domain/stop-reason.ts";
import { addCosts, limitBrokenBy, times, timesThatFit, type Cost } from "./budget.ts";
import type { Course } from "./course.ts";
import type { State } from "./state.ts";

/**
 * Validation runs that must be left for another proposal to start: two blocks of fifty examples. Below that a good child
 * could not be told from a lucky one.
 */
export const LEAST_VALIDATION = 16;
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
 * The limit that work of this cost would break beside what is used, kept back, and in flight at its worst; undefined
 * where it fits. So no limit is overshot, however they turn out.
 */
export function breaksLimit(course: Course, state: State, cost: Cost): StopReason | undefined {
  const taken = addCosts(state.used, course.reserve, ...state.inFlight.map((other) => other.worst));
  return limitBrokenBy(course.spec.budget, taken, cost);
}

/**
 * The limit that has no room for one more proposal, `fixed` being its cost before its child is run on the `validation`
 * examples of its first block; undefined where there is room.
 */
export function noRoomForProposal(
  course: Course,
  state: State,
  fixed: Cost,
  validation: number,
): StopReason | undefined {
  const { spec, prices, order } = course;
  const { width } = spec.config;
  const least = Math.max(validation, Math.min(order.length, LEAST_VALIDATION));
  const whole = timesThatFit(spec.budget, course.reserve, prices.worstRun, UNLIMITED);
  const fill = width > 1 ? Math.min(width * RUNS_TO_FILL, Math.floor(whole / FILL_PART)) : 0;
  return breaksLimit(course, state, addCosts(fixed, times(Math.max(least, fill), prices.worstRun)));
}
