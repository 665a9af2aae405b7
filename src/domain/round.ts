/** Decimals of every score, difference of scores and share that is told: finer than any number of examples can measure. */
const SCORE_DECIMALS = 6;
/** Decimals of US dollars that are told: a token of the cheapest models costs ten billionths of one. */
const USD_DECIMALS = 9;

/** A score as it is told: without the last digits that adding binary fractions leaves. For decisions take the exact one. */
export function roundScore(score: number): number {
  return round(score, SCORE_DECIMALS);
}

/** Dollars as they are told; see {@link roundScore}. */
export function roundUsd(usd: number): number {
  return round(usd, USD_DECIMALS);
}

function round(value: number, decimals: number): number {
  const factor = 10 ** decimals;
  return Math.round(value * factor) / factor + 0; // + 0 turns -0 into 0
}
