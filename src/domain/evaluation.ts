/** Why a call gave nothing. */
export interface Problem {
  readonly code: string;
  readonly message: string;
}

/** One candidate on one example. A failed call has an error and no score; it is never a zero. */
export interface Evaluation {
  readonly exampleId: string;
  /** In [0, 1], higher is better. */
  readonly score?: number;
  readonly feedback: string;
  readonly output: string;
  /** Further criteria by name, each higher-is-better. */
  readonly objectives: Readonly<Record<string, number>>;
  /** It was known already and cost nothing. */
  readonly reused: boolean;
  readonly error?: Problem;
  /** Grades that score and criteria are the mean of, where the output was graded more than once; absent: one. */
  readonly grades?: number;
}

/** Mean over the evaluations that have a score; undefined where none has. */
export function meanScore(evaluations: readonly Evaluation[]): number | undefined {
  let sum = 0;
  let n = 0;
  for (const { score } of evaluations) {
    if (score === undefined) continue;
    sum += score;
    n++;
  }
  return n === 0 ? undefined : sum / n;
}
