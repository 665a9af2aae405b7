/** A mean with its standard error; the error is 0 for fewer than two values. */
export interface Mean {
  readonly mean: number;
  readonly error: number;
  readonly count: number;
}

/** Mean and standard error of a sample. An empty one has mean NaN. */
export function meanOf(values: readonly number[]): Mean {
  const count = values.length;
  const mean = values.reduce((a, b) => a + b, 0) / count;
  const squares = values.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return { mean, error: count < 2 ? 0 : Math.sqrt(squares / (count - 1) / count), count };
}

/** Middle value; Infinity counts as a value. NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  const high = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[half - 1] ?? Number.NaN) + high) / 2;
}
