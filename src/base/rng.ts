/** Chance comes in by parameter, as a value that can be saved and restored. */
export interface Rng {
  /** Uniform in [0, 1), 53 bits. */
  random(): number;
  /** Uniform in 0 … n-1; n ≥ 1. */
  below(n: number): number;
  /** Uniform element of a non-empty list. */
  choice<T>(items: readonly T[]): T;
  /** Shuffles in place. */
  shuffle(items: unknown[]): void;
  /** k different elements, in random order; k ≤ length. */
  sample<T>(items: readonly T[], k: number): T[];
  /** One element, drawn by weight; the weights are ≥ 0 and not all 0. */
  weighted<T>(items: readonly T[], weights: readonly number[]): T;
  /** Everything needed to go on from here, as JSON. */
  save(): string;
}

/** What {@link createRng} starts from: a seed, or what `save()` gave. */
export type RngSource = { readonly seed: number } | { readonly saved: string };

const MASK = (1n << 64n) - 1n;

function splitmix64(seed: bigint): () => bigint {
  let state = seed & MASK;
  return () => {
    state = (state + 0x9e3779b97f4a7c15n) & MASK;
    let z = state;
    z = ((z ^ (z >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
    z = ((z ^ (z >> 27n)) * 0x94d049bb133111ebn) & MASK;
    return z ^ (z >> 31n);
  };
}

/** The generic draws over a source of 53-bit uniforms; a generator supplies `random` and `save`. */
export function rngFrom(random: () => number, save: () => string): Rng {
  const below = (n: number) => {
    if (!Number.isInteger(n) || n < 1) throw new RangeError(`below(${n}): n must be a positive integer`);
    return Math.floor(random() * n);
  };
  return {
    random,
    below,
    choice(items) {
      const item = items[below(items.length)];
      return item as (typeof items)[number];
    },
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [items[i], items[j]] = [items[j], items[i]];
      }
    },
    sample(items, k) {
      if (k > items.length) throw new RangeError(`sample(${k}) of ${items.length}`);
      const pool = [...items];
      const out: typeof pool = [];
      for (let i = 0; i < k; i++) out.push(...pool.splice(below(pool.length), 1));
      return out;
    },
    weighted(items, weights) {
      const total = weights.reduce((a, b) => a + b, 0);
      if (!(total > 0)) throw new RangeError("weighted(): the weights sum to 0");
      let left = random() * total;
      for (const [i, w] of weights.entries()) {
        left -= w;
        if (left < 0 && w > 0) return items[i] as (typeof items)[number];
      }
      const last = weights.findLastIndex((w) => w > 0);
      return items[last] as (typeof items)[number];
    },
    save,
  };
}

/**
 * The service's generator: xoshiro128** (Blackman and Vigna, 2018), seeded by splitmix64. Two 32-bit draws make one
 * 53-bit uniform.
 */
export function createRng(source: RngSource): Rng {
  let s: Uint32Array;
  if ("saved" in source) {
    s = Uint32Array.from(JSON.parse(source.saved) as number[]);
    if (s.length !== 4) throw new RangeError("saved generator state must hold four numbers");
  } else {
    const next = splitmix64(BigInt(Math.trunc(source.seed)));
    const a = next();
    const b = next();
    s = Uint32Array.from([a & 0xffffffffn, a >> 32n, b & 0xffffffffn, b >> 32n].map(Number));
  }
  const rotl = (x: number, k: number) => (x << k) | (x >>> (32 - k));
  const at = (i: number) => s[i] as number;
  const next32 = () => {
    const result = Math.imul(rotl(Math.imul(at(1), 5), 7), 9) >>> 0;
    const t = at(1) << 9;
    s[2] = at(2) ^ at(0);
    s[3] = at(3) ^ at(1);
    s[1] = at(1) ^ at(2);
    s[0] = at(0) ^ at(3);
    s[2] = at(2) ^ t;
    s[3] = rotl(at(3), 11);
    return result;
  };
  const random = () => ((next32() >>> 5) * 67108864 + (next32() >>> 6)) / 9007199254740992;
  return rngFrom(random, () => JSON.stringify([...s]));
}
