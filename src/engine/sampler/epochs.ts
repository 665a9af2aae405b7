import { streamFor } from "../streams.ts";

/** Epochs of one run that are remembered: a proposal looks at the windows of an epoch from here on. */
const MAX_REMEMBERED = 4;

/** By the list of examples, which is the same one throughout a run. */
const remembered = new WeakMap<
  readonly string[],
  { readonly width: number; readonly root: number; readonly orders: Map<number, readonly string[]> }
>();

/**
 * Draws minibatches from shuffled epochs: number `index` (0, 1, 2 …) is a window of `size` on one endless sequence of
 * shuffles of the examples. Every example stands in the sequence once an epoch and in no window twice, whoever asks
 * and in whatever order, because a window depends on nothing but its number.
 */
export function epochMinibatch(
  exampleIds: readonly string[],
  size: number,
  index: number,
  root: number,
): string[] {
  const n = exampleIds.length;
  const width = Math.min(size, n);
  const epoch = Math.floor((index * width) / n);
  const offset = (index * width) % n;
  const window = orderOf(exampleIds, width, root, epoch).slice(offset, offset + width);
  if (window.length === width) return window;
  return [...window, ...orderOf(exampleIds, width, root, epoch + 1).slice(0, width - window.length)];
}

/** The order of an epoch. Each follows from the one before, so the last few are remembered. */
function orderOf(
  exampleIds: readonly string[],
  width: number,
  root: number,
  epoch: number,
): readonly string[] {
  let known = remembered.get(exampleIds);
  if (known?.width !== width || known.root !== root) {
    known = { width, root, orders: new Map([[0, shuffle(exampleIds, root, 0)]]) };
    remembered.set(exampleIds, known);
  }
  const { orders } = known;
  const from = Math.max(0, ...[...orders.keys()].filter((e) => e <= epoch));
  let order = orders.get(from) ?? shuffle(exampleIds, root, 0);
  for (let e = from + 1; e <= epoch; e++) {
    order = nextEpoch(order, e, width, root);
    orders.set(e, order);
    if (orders.size > MAX_REMEMBERED) orders.delete(Math.min(...orders.keys()));
  }
  return order;
}

/**
 * The order of epoch `epoch`, given the one before. Where a window reaches from the one into the other, the examples it
 * already holds come after the ones it still takes.
 */
function nextEpoch(before: readonly string[], epoch: number, width: number, root: number): string[] {
  const order = shuffle(before, root, epoch);
  const carried = (epoch * before.length) % width;
  if (carried === 0) return order;
  const held = new Set(before.slice(before.length - carried));
  const first = new Set(order.filter((id) => !held.has(id)).slice(0, width - carried));
  return [...first, ...order.filter((id) => !first.has(id))];
}

function shuffle(exampleIds: readonly string[], root: number, epoch: number): string[] {
  const order = [...exampleIds].sort();
  streamFor(root, "epoch", epoch).shuffle(order);
  return order;
}
