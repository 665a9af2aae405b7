import type { Evaluation } from "../../domain/evaluation.ts";

/** Parent and child on the same examples. */
export interface Trial {
  readonly parent: readonly Pick<Evaluation, "exampleId" | "score">[];
  readonly child: readonly Pick<Evaluation, "exampleId" | "score">[];
}

/** What a trial says, over the examples on which both have a score. */
export interface Comparison {
  readonly shared: number;
  readonly parentSum: number;
  readonly childSum: number;
}

/** Whether a child is worth a full validation. */
export type Acceptance = (comparison: Comparison) => boolean;

/** Sums both sides over the examples on which both have a score: a failed call counts for neither. */
export function compare({ parent, child }: Trial): Comparison {
  let shared = 0;
  let parentSum = 0;
  let childSum = 0;
  const before = new Map(parent.map((e) => [e.exampleId, e.score]));
  for (const { exampleId, score } of child) {
    const old = before.get(exampleId);
    if (score === undefined || old === undefined) continue;
    shared++;
    parentSum += old;
    childSum += score;
  }
  return { shared, parentSum, childSum };
}
