/** Chance by content: every draw is a pure function of its keys, so that an answer never depends on when it is asked. */

/** A 53-bit hash of a text (cyrb53, public domain): two multiply-xor lanes. For draws, not for security. */
export function hash53(text: string, seed = 0): number {
  let a = 0xdeadbeef ^ seed;
  let b = 0x41c6ce57 ^ seed;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    a = Math.imul(a ^ c, 2654435761);
    b = Math.imul(b ^ c, 1597334677);
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
  return 4294967296 * (2097151 & b) + (a >>> 0);
}

/** Parts of a key. A long text should come in as its hash, once, not with every draw. */
export type Key = readonly (string | number)[];

/** Uniform in (0, 1), decided by the key alone. */
export function uniform(...key: Key): number {
  return (hash53(key.join("\u0000")) + 0.5) / 2 ** 53;
}

/** Standard normal, decided by the key alone. */
export function normal(...key: Key): number {
  return normalQuantile(uniform(...key));
}

/** Standard normal density. */
export function normalDensity(x: number): number {
  return Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
}

/** Standard normal distribution function; absolute error below 2e-7 (Abramowitz and Stegun 7.1.26). */
export function normalCdf(x: number): number {
  const t = 1 / (1 + (0.3275911 * Math.abs(x)) / Math.SQRT2);
  const poly =
    ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const tail = 0.5 * poly * Math.exp((-x * x) / 2);
  return x >= 0 ? 1 - tail : tail;
}

const A = [-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2];
const A_LOW = [-3.066479806614716e1, 2.506628277459239];
const B = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1];
const B_LOW = -1.328068155288572e1;
const C = [-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734];
const C_LOW = [4.374664141464968, 2.938163982698783];
const D = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];
/** Outside the middle part another approximation holds. */
const TAIL = 0.02425;

const horner = (coefficients: readonly number[], x: number) =>
  coefficients.reduce((sum, c) => sum * x + c, 0);

/** Standard normal quantile for p in (0, 1); relative error below 1.2e-9 (Acklam, 2003). */
export function normalQuantile(p: number): number {
  if (p > 1 - TAIL) return -normalQuantile(1 - p);
  if (p < TAIL) {
    const q = Math.sqrt(-2 * Math.log(p));
    return horner([...C, ...C_LOW], q) / horner([...D, 1], q);
  }
  const q = p - 0.5;
  const r = q * q;
  return (horner([...A, ...A_LOW], r) * q) / horner([...B, B_LOW, 1], r);
}

/**
 * A uniform that is partly the example's own and partly the prompt's: Gaussian copula with share `rho` in [0, 1]
 * belonging to `shared`. Its margin is uniform, so P(result < p) = p whatever the share; two prompts meet the same
 * example with correlation `rho`, as similar prompts do.
 */
export function correlatedUniform(rho: number, shared: Key, own: Key): number {
  return normalCdf(Math.sqrt(rho) * normal(...shared) + Math.sqrt(1 - rho) * normal(...own));
}

/** Mean of a normal(mean, sd) that is clamped to [0, 1]. */
export function clampedNormalMean(mean: number, sd: number): number {
  const low = -mean / sd;
  const high = (1 - mean) / sd;
  const inside = normalCdf(high) - normalCdf(low);
  return mean * inside - sd * (normalDensity(high) - normalDensity(low)) + (1 - normalCdf(high));
}
