import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { pythonRandom } from "../../support/python-random.ts";

interface Vectors {
  readonly random: readonly number[];
  readonly getrandbits: readonly number[];
  readonly choice10: readonly number[];
  readonly shuffle12: readonly number[];
  readonly sample_5_2: readonly number[];
  readonly sample_30_3: readonly number[];
  readonly sample_100_10: readonly number[];
}

const file = new URL("../../fixtures/parity/python-random-vectors.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Record<string, Vectors>;
const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

for (const [seed, known] of Object.entries(vectors)) {
  it(`draws what CPython draws from seed ${seed}, one draw after the other`, () => {
    const rng = pythonRandom(Number(seed));
    expect(known.random.map(() => rng.random())).toEqual(known.random);
    expect([1, 5, 16, 31, 32].map((n) => rng.getrandbits(n))).toEqual(known.getrandbits);
    expect(known.choice10.map(() => rng.choice(upTo(10)))).toEqual(known.choice10);
    const shuffled = upTo(12);
    rng.shuffle(shuffled);
    expect(shuffled).toEqual(known.shuffle12);
    expect(rng.sample(upTo(5), 2)).toEqual(known.sample_5_2);
    expect(rng.sample(upTo(30), 3)).toEqual(known.sample_30_3);
    expect(rng.sample(upTo(100), 10)).toEqual(known.sample_100_10);
  });
}
