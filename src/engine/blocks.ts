import { isKnown, type Member } from "./state.ts";

/** Shares of the validation examples at which a candidate's validation is paused and looked at. */
const RUNGS = [0.15, 0.3, 0.6, 1];
/** Examples of a block at least: fewer say nothing. */
const MIN_BLOCK = 5;

/** Where the blocks of a validation of so many examples end. */
function endsOf(examples: number): number[] {
  const ends: number[] = [];
  for (const rung of RUNGS) {
    const end = Math.min(examples, Math.max((ends.at(-1) ?? 0) + MIN_BLOCK, Math.ceil(rung * examples)));
    const isTail = examples - end < MIN_BLOCK; // a last block of two or three is not worth a wait of its own
    ends.push(isTail ? examples : end);
    if (isTail) break;
  }
  return ends;
}

/**
 * The validation examples in blocks, as the candidate of an iteration is run on them; off: all in one. Each candidate
 * begins where the first block of the one before it ended. On one first block for all, nobody could be seen to be
 * better than a candidate that happens to be perfect there, and whole lineages would be chosen for those few examples.
 */
export function blocksOf(order: readonly string[], racing: boolean, iteration: number): string[][] {
  if (!racing) return [[...order]];
  const ends = endsOf(order.length);
  const start = order.length === 0 ? 0 : (iteration * (ends[0] ?? 0)) % order.length;
  const turned = [...order.slice(start), ...order.slice(0, start)];
  return ends.map((end, i) => turned.slice(ends[i - 1] ?? 0, end));
}

/** Examples of a first block. */
export function firstBlockSize(examples: number): number {
  return endsOf(examples)[0] ?? 0;
}

/** What is open of the first block that a candidate was not wholly run on; nothing where it was run on all of them. */
export function nextBlock(member: Member, blocks: readonly (readonly string[])[]): string[] {
  for (const block of blocks) {
    const open = block.filter((id) => !isKnown(member, id));
    if (open.length > 0) return open;
  }
  return [];
}
