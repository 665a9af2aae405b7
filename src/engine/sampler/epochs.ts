import { streamFor } from "../streams.ts";

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
  let order = shuffle(exampleIds, root, 0);
  for (let e = 1; e <= epoch; e++) order = nextEpoch(order, e, width, root);
  const window = order.slice(offset, offset + width);
  if (window.length === width) return window;
  return [...window, ...nextEpoch(order, epoch + 1, width, root).slice(0, width - window.length)];
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
