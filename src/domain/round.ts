/** Decimals of every score, difference of scores and share that is told: finer than any number of examples can measure. */
const SCORE_DECIMALS = 6;

/** A score as it is told: without the last digits that adding binary fractions leaves. For decisions take the exact one. */
export function roundScore(score: number): number {
  const factor = 10 ** SCORE_DECIMALS;
  return Math.round(score * factor) / factor + 0; // + 0 turns -0 into 0
}
