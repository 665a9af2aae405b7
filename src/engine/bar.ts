/** What is believed of the score a candidate would have on endlessly many examples: a normal distribution. */
export interface Belief {
  readonly mean: number;
  readonly variance: number;
}

/** What the scores of a candidate are measured by, whichever examples they are on. */
export interface Scale {
  /** By example: the mean score of the candidates that were run on all of them. */
  readonly expected: Readonly<Record<string, number>>;
  /** Mean of `expected`. */
  readonly level: number;
  /** Variance of one score around what its example and its candidate make expect. */
  readonly noise: number;
  /** Candidates `expected` is the mean of. */
  readonly references: number;
}

/** What a candidate is raced against: fixed when its proposal was decided, so that a resumed run races alike. */
export interface Bar {
  readonly scale: Scale;
  /** Who is believed to be best, and how good. It may be paused itself. */
  readonly bestId: string;
  readonly best: Belief;
  /** What is believed of the child before it is run. */
  readonly child: Belief;
  /** What was believed of the parent before it was run. */
  readonly parent: Belief;
}
