import type { Splits } from "../domain/budget.ts";
import type { Example, Split } from "../domain/spec.ts";
import { streamFor } from "./streams.ts";

/** Below this many examples nothing can be spared for a test: a third of 14 says nothing about a lift. */
export const MIN_EXAMPLES_FOR_TEST = 15;
/** Share of the examples kept for the test. */
export const TEST_SHARE = 0.3;
/** Fewest examples a test is made of. */
export const MIN_TEST_EXAMPLES = 5;

/**
 * Divides the examples, each list in the order they were given.
 *
 * - Where an example says its split ("given"): as said; one that does not say trains. Without a validation or without
 *   a training example the other one's serve for both.
 * - Fewer than {@link MIN_EXAMPLES_FOR_TEST} ("shared"): all train and validate, none is left to test on.
 * - Else ("shuffled"): {@link TEST_SHARE} to test, the rest half train, half validation, drawn by the seed.
 */
export function splitExamples(examples: readonly Example[], seed: number): Splits {
  const ids = examples.map((e) => e.id);
  if (examples.some((e) => e.split !== undefined)) return givenSplits(examples);
  if (ids.length < MIN_EXAMPLES_FOR_TEST) return { train: ids, validation: ids, test: [], policy: "shared" };

  const order = [...ids];
  streamFor(seed, "split", 0).shuffle(order);
  const testSize = Math.max(MIN_TEST_EXAMPLES, Math.round(ids.length * TEST_SHARE));
  const trainSize = Math.floor((ids.length - testSize) / 2);
  const test = new Set(order.slice(0, testSize));
  const train = new Set(order.slice(testSize, testSize + trainSize));
  return {
    train: ids.filter((id) => train.has(id)),
    validation: ids.filter((id) => !train.has(id) && !test.has(id)),
    test: ids.filter((id) => test.has(id)),
    policy: "shuffled",
  };
}

/** How many test examples have the input of one that the search is guided by: it sees those all the same. */
export function seenInTest(examples: readonly Example[], { train, validation, test }: Splits): number {
  const inputs = new Map(examples.map((e) => [e.id, e.input]));
  const seen = new Set([...train, ...validation].map((id) => inputs.get(id)));
  return test.filter((id) => inputs.has(id) && seen.has(inputs.get(id))).length;
}

function givenSplits(examples: readonly Example[]): Splits {
  const of = (split: Split) => examples.filter((e) => (e.split ?? "train") === split).map((e) => e.id);
  const [train, validation, test] = [of("train"), of("validation"), of("test")];
  return {
    train: train.length > 0 ? train : validation,
    validation: validation.length > 0 ? validation : train,
    test,
    policy: "given",
  };
}
