import type { Rng } from "../../base/rng.ts";

/** Gives minibatches by iteration (0, 1, 2 …); the k-th further call of an iteration looks k chunks ahead. */
export type Sampler = (iteration: number) => string[];

/**
 * batch_sampler.py: shuffled epochs cut into chunks of `size`. An epoch is padded to a multiple of the size with the
 * least used examples, of equally used ones the last of the shuffle first.
 */
export function createSampler(train: readonly string[], size: number, rng: Rng): Sampler {
  let order: string[] = [];
  let epoch = -1;
  let lastIteration = -1;
  let ahead = 0;
  return (iteration) => {
    ahead = iteration === lastIteration ? ahead + 1 : 0;
    lastIteration = iteration;
    const base = iteration * size;
    const wanted = epoch === -1 ? 0 : Math.floor(base / Math.max(order.length, 1));
    if (ahead === 0 && (order.length === 0 || wanted > epoch)) {
      epoch = wanted;
      order = padded(shuffled(train, rng), size);
    }
    const start = (base + ahead * size) % order.length;
    return order.slice(start, start + size);
  };
}

function shuffled(train: readonly string[], rng: Rng): string[] {
  const order = [...train];
  rng.shuffle(order);
  return order;
}

function padded(order: readonly string[], size: number): string[] {
  const uses = new Map(order.map((id) => [id, 1]));
  const out = [...order];
  while (out.length % size !== 0) {
    let least: string | undefined;
    for (const [id, count] of uses) {
      if (least === undefined || count <= (uses.get(least) ?? 0)) least = id;
    }
    if (least === undefined) break;
    out.push(least);
    uses.set(least, (uses.get(least) ?? 0) + 1);
  }
  return out;
}
