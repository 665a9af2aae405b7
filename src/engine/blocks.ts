import { isKnown, type Member } from "./state.ts";

/** Shares of the validation examples at which a candidate's validation is paused and looked at. */
const RUNGS = [0.15, 0.3, 0.6, 1];
/** Examples of a block at least: fewer say nothing. */
const MIN_BLOCK = 5;

/** The examples of a validation in blocks, in the order they are run; off: all in one. */
export function blocksOf(order: readonly string[], racing: boolean): string[][] {
  if (!racing) return [[...order]];
  const blocks: string[][] = [];
  let from = 0;
  for (const rung of RUNGS) {
    const to = Math.min(order.length, Math.max(from + MIN_BLOCK, Math.ceil(rung * order.length)));
    const isTail = order.length - to < MIN_BLOCK; // a last block of two or three is not worth a wait of its own
    blocks.push(order.slice(from, isTail ? order.length : to));
    if (isTail) return blocks;
    from = to;
  }
  return blocks;
}

/** What is open of the first block that a candidate was not wholly run on; nothing where it was run on all of them. */
export function nextBlock(member: Member, blocks: readonly (readonly string[])[]): string[] {
  for (const block of blocks) {
    const open = block.filter((id) => !isKnown(member, id));
    if (open.length > 0) return open;
  }
  return [];
}
