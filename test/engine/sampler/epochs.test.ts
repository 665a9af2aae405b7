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

it("gives a minibatch by its number alone, whatever the same list was asked before", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.record({ index: fc.nat(80), root: fc.nat(2) }), { minLength: 1 }),
      (n, size, asked) => {
        const list = ids(n);
        for (const { index, root } of asked) {
          const fresh = epochMinibatch(ids(n), size, index, root);
          expect(epochMinibatch(list, size, index, root)).toEqual(fresh);
        }
      },
    ),
  );
});
