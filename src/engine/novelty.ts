import { promptText, type Components } from "../domain/spec.ts";

/** Words a shingle holds: pairs tell rewordings apart and still match texts that only differ in one place. */
const SHINGLE_WORDS = 2;

/** The set of word pairs of a text, lower case; a one-word text is its word. */
export function shingles(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\p{N}_]+/gu) ?? [];
  if (words.length < SHINGLE_WORDS) return new Set(words);
  const found = new Set<string>();
  for (let i = 0; i + SHINGLE_WORDS <= words.length; i++) {
    found.add(words.slice(i, i + SHINGLE_WORDS).join(" "));
  }
  return found;
}

/** Jaccard distance of two sets of shingles, in [0, 1]; two empty sets are equal. */
export function distance(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const shingle of a) if (b.has(shingle)) shared++;
  const all = a.size + b.size - shared;
  return all === 0 ? 0 : 1 - shared / all;
}

/** Distances of prompts that were compared before; what nobody holds any more is forgotten. Pools grow, prompts stay. */
const known = new WeakMap<Components, WeakMap<Components, number>>();
const cut = new WeakMap<Components, ReadonlySet<string>>();

/**
 * Of each prompt its mean n-gram distance to the others, in [0, 1]; a prompt alone is entirely new: 1. Comparing a pair
 * again costs nothing.
 */
export function promptNovelties(prompts: readonly Components[]): number[] {
  return prompts.map((own) => {
    if (prompts.length === 1) return 1;
    let sum = 0;
    for (const other of prompts) if (other !== own) sum += distanceOf(own, other);
    return sum / (prompts.length - 1);
  });
}

function distanceOf(a: Components, b: Components): number {
  const found = known.get(a)?.get(b) ?? known.get(b)?.get(a);
  if (found !== undefined) return found;
  const value = distance(shinglesOf(a), shinglesOf(b));
  const own = known.get(a) ?? new WeakMap<Components, number>();
  known.set(a, own.set(b, value));
  return value;
}

function shinglesOf(prompt: Components): ReadonlySet<string> {
  const set = cut.get(prompt) ?? shingles(promptText(prompt));
  cut.set(prompt, set);
  return set;
}
