import type { Run } from "./run.ts";

/**
 * Begins to test the seed, on `most` examples at most, in slots that nobody else needs: whatever is found, it will be
 * tested in the end. Not where the time may be up before that, for then nobody would ask for what was paid.
 */
export function testSeedAside({ course, evaluate }: Run, most = course.splits.test.length): void {
  const { spec, splits, testing } = course;
  if (testing.metricCalls === 0 || spec.budget.maxWallTimeS !== undefined) return;
  evaluate(spec.components, splits.test.slice(0, most), "spare").catch(() => undefined); // the test asks again, and gets the error
}

/** Slots that stay free in the last round of so many calls of one length, at most `concurrency` of them at once. */
export function freeInLastRound(calls: number, concurrency: number): number {
  return (concurrency - (calls % concurrency)) % concurrency;
}
