import type { Habits } from "./reflector.ts";

/** A reflection model of ordinary skill; every world uses it unless its page says otherwise. */
export const ORDINARY_HABITS: Habits = {
  adds: 3,
  forgets: 0.45,
  wanders: 0.45,
  pads: 0.25,
  heeds: 0.7,
  malformed: 0.02,
};

/**
 * 150 examples, divided as the service itself would divide them (30 % test, the rest half and half); given with the
 * examples so that both profiles use the same.
 */
export const USUAL_SPLIT = { train: 53, validation: 52, test: 45 };
