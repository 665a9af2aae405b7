import type { Rng } from "../../src/base/rng.ts";

const N = 624;
const M = 397;

/**
 * CPython's `random.Random`: MT19937 (Matsumoto and Nishimura, 1998) seeded by `init_by_array`, with CPython's ways to
 * draw from it, behind the service's own generator contract. Only the parity tests need it.
 */
export function pythonRandom(seed: number): Rng & { getrandbits(bits: number): number } {
  const mt = new Uint32Array(N);
  let index = N;
  initByArray(mt, digits(BigInt(Math.abs(seed))));

  const next32 = (): number => {
    if (index >= N) {
      twist(mt);
      index = 0;
    }
    let y = mt[index++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  const random = () => ((next32() >>> 5) * 67108864 + (next32() >>> 6)) / 9007199254740992;
  const getrandbits = (bits: number) => next32() >>> (32 - bits);
  const below = (n: number) => {
    const bits = 32 - Math.clz32(n);
    let r = getrandbits(bits);
    while (r >= n) r = getrandbits(bits);
    return r;
  };
  return {
    random,
    getrandbits,
    below,
    choice: (items) => items[below(items.length)] as (typeof items)[number],
    shuffle(items) {
      for (let i = items.length - 1; i > 0; i--) {
        const j = below(i + 1);
        [items[i], items[j]] = [items[j], items[i]];
      }
    },
    sample(items, k) {
      const n = items.length;
      const setSize = 21 + (k > 5 ? 4 ** Math.ceil(Math.log(k * 3) / Math.log(4)) : 0);
      if (n <= setSize) {
        const pool = [...items];
        return Array.from({ length: k }, (_, i) => {
          const j = below(n - i);
          const drawn = pool[j] as (typeof items)[number];
          pool[j] = pool[n - i - 1] as (typeof items)[number];
          return drawn;
        });
      }
      const taken = new Set<number>();
      return Array.from({ length: k }, () => {
        let j = below(n);
        while (taken.has(j)) j = below(n);
        taken.add(j);
        return items[j] as (typeof items)[number];
      });
    },
    weighted(items, weights) {
      const cumulative: number[] = [];
      let total = 0;
      for (const weight of weights) {
        total += weight;
        cumulative.push(total);
      }
      if (!(total > 0)) throw new RangeError("Total of weights must be greater than zero");
      const point = random() * total;
      const found = cumulative.findIndex((c) => point < c);
      return items[found < 0 ? items.length - 1 : found] as (typeof items)[number];
    },
    save: () => JSON.stringify({ mt: [...mt], index }),
  };
}

function digits(n: bigint): number[] {
  const out = [Number(n & 0xffffffffn)];
  for (let rest = n >> 32n; rest > 0n; rest >>= 32n) out.push(Number(rest & 0xffffffffn));
  return out;
}

function initByArray(mt: Uint32Array, key: readonly number[]): void {
  mt[0] = 19650218;
  for (let i = 1; i < N; i++) mt[i] = Math.imul(1812433253, (mt[i - 1] ?? 0) ^ ((mt[i - 1] ?? 0) >>> 30)) + i;
  let i = 1;
  let j = 0;
  const previous = () => (mt[i - 1] ?? 0) ^ ((mt[i - 1] ?? 0) >>> 30);
  const advance = () => {
    if (++i < N) return;
    mt[0] = mt[N - 1] ?? 0;
    i = 1;
  };
  for (let k = Math.max(N, key.length); k > 0; k--) {
    mt[i] = ((mt[i] ?? 0) ^ Math.imul(previous(), 1664525)) + (key[j] ?? 0) + j;
    j = (j + 1) % key.length;
    advance();
  }
  for (let k = N - 1; k > 0; k--) {
    mt[i] = ((mt[i] ?? 0) ^ Math.imul(previous(), 1566083941)) - i;
    advance();
  }
  mt[0] = 0x80000000;
}

function twist(mt: Uint32Array): void {
  for (let k = 0; k < N; k++) {
    const y = ((mt[k] ?? 0) & 0x80000000) | ((mt[(k + 1) % N] ?? 0) & 0x7fffffff);
    mt[k] = (mt[(k + M) % N] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
