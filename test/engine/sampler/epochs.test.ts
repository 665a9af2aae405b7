import { expect, it } from "vitest";
import fc from "fast-check";
import { epochMinibatch } from "../../../src/engine/sampler/epochs.ts";

const ids = (n: number) => Array.from({ length: n }, (_, i) => `e${i}`);

it("uses every example once an epoch, and none twice in a minibatch", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.nat(99),
      (n, size, root) => {
        const width = Math.min(n, size);
        const sequence: string[] = [];
        for (let index = 0; index < 3 * n; index++) {
          const minibatch = epochMinibatch(ids(n), size, index, root);
          expect(minibatch).toHaveLength(width);
          expect(new Set(minibatch).size).toBe(width);
          sequence.push(...minibatch);
        }
        for (let epoch = 0; (epoch + 1) * n <= sequence.length; epoch++) {
          expect(new Set(sequence.slice(epoch * n, (epoch + 1) * n)).size).toBe(n);
        }
      },
    ),
  );
});

it("gives a minibatch by its number alone, whoever asked before", () => {
  const late = epochMinibatch(ids(10), 3, 17, 5);
  for (let index = 0; index < 17; index++) epochMinibatch(ids(10), 3, index, 5);
  expect(epochMinibatch(ids(10), 3, 17, 5)).toEqual(late);
});
