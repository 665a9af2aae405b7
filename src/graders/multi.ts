import { digest } from "../base/digest.ts";
import { sumCosts } from "./cost.ts";
import { type Grade, type GradeCost, type Grader, GraderError } from "./grader.ts";

/** One part of a weighted mean, ready to grade. */
export interface WeightedGrader {
  readonly name: string;
  /** Above 0; only its share of the sum counts. */
  readonly weight: number;
  readonly grader: Grader;
}

/**
 * The weighted mean of other graders; the parts' scores are told as objectives by their names. A part that can give
 * no grade leaves the whole without one: the mean of the others would not be comparable.
 */
export function createMulti(parts: readonly WeightedGrader[]): Grader {
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  const shares = parts.map((part) => part.weight / total);
  const price = parts.find(({ grader }) => grader.price !== undefined)?.grader.price; // there is one judge, so one price
  return {
    fingerprint: digest({
      kind: "multi",
      parts: parts.map((part, i) => ({ name: part.name, share: shares[i], grader: part.grader.fingerprint })),
    }),
    callsPerGrade: parts.reduce((sum, part) => sum + part.grader.callsPerGrade, 0),
    maxCallsPerGrade: parts.reduce((sum, { grader }) => sum + maxCallsOf(grader), 0),
    ...(price === undefined ? {} : { price }),
    async grade(input, signal, repeat) {
      const settled = await Promise.allSettled(
        parts.map(({ grader }) => grader.grade(input, signal, repeat)),
      );
      signal.throwIfAborted();
      const failed = settled.find((outcome) => outcome.status === "rejected"); // the first in order, whichever was first in time
      if (failed) throw withCost(failed.reason, settled.flatMap(paidFor));
      const grades = settled.flatMap((outcome) => (outcome.status === "fulfilled" ? [outcome.value] : []));
      return mean(parts, shares, grades);
    },
  };
}

function maxCallsOf({ callsPerGrade, maxCallsPerGrade }: Grader): number {
  return maxCallsPerGrade ?? callsPerGrade;
}

/** What a part was paid, whether or not it gave a grade. */
function paidFor(outcome: PromiseSettledResult<Grade>): GradeCost[] {
  const paid =
    outcome.status === "fulfilled"
      ? outcome.value.cost
      : outcome.reason instanceof GraderError
        ? outcome.reason.cost
        : undefined;
  return paid === undefined ? [] : [paid];
}

/** The failure with what all parts together were paid. */
function withCost(reason: unknown, costs: readonly GradeCost[]): unknown {
  if (!(reason instanceof GraderError) || costs.length === 0) return reason;
  return new GraderError(reason.code, reason.message, reason.cause, sumCosts(costs));
}

function mean(parts: readonly WeightedGrader[], shares: readonly number[], grades: readonly Grade[]): Grade {
  const score = grades.reduce((sum, grade, i) => sum + grade.score * (shares[i] ?? 0), 0);
  const byPart = grades.map((grade, i): [string, number] => [parts[i]?.name ?? "", grade.score]);
  const costs = grades.flatMap(({ cost }) => cost ?? []);
  return {
    score: Math.min(1, score), // shares of thirds can sum to a hair more than 1
    feedback: grades
      .map((grade, i) => `${parts[i]?.name} (${grade.score.toFixed(2)}): ${grade.feedback}`)
      .join("\n"),
    objectives: Object.assign({}, ...grades.map((grade) => grade.objectives), Object.fromEntries(byPart)),
    ...(costs.length === 0 ? {} : { cost: sumCosts(costs) }),
  };
}
