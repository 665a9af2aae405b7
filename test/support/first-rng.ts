import { createRng, type Rng } from "../../src/base/rng.ts";

/** A generator that always takes what comes first, so that expectations can be worked out by hand. */
export function firstRng(overrides: Partial<Rng> = {}): Rng {
  return {
    ...createRng({ seed: 1 }),
    random: () => 0,
    below: () => 0,
    choice: (items) => items[0] as (typeof items)[number],
    shuffle: () => {},
    sample: (items, k) => items.slice(0, k),
    weighted: (items) => items[0] as (typeof items)[number],
    ...overrides,
  };
}
