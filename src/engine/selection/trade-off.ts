import type { Rng } from "../../base/rng.ts";

/** How much all coordinates together count beside the one that is missed by most (Knowles, 2006). */
const TOGETHER = 0.05;

/**
 * How many times as much as all others together the first coordinate weighs, on average: in the benchmark the best prompt
 * was up to 0.07 worse where it weighed as much as brevity, and up to 0.03 where it weighed eight times as much.
 */
const FIRST = 8;

/**
 * The place of the point that is best by a trade-off drawn at random: the one whose coordinates, weighed, are missed by
 * least (the augmented Tchebycheff function of ParEGO: Knowles, 2006, IEEE TEC 10(1)). Every draw weighs them in another
 * way, so that each part of the front has its turn; on average the first one weighs {@link FIRST} times as much as all
 * others together. Coordinates are higher-is-better, in units of their own; -Infinity is what was not measured, and as
 * bad as the worst. Undefined where there is no point.
 */
export function drawTradeOff(points: readonly (readonly number[])[], rng: Rng): number | undefined {
  const coordinates = points[0] ?? [];
  const weights = coordinates.map(
    (_, k) => -Math.log(1 - rng.random()) / (k === 0 ? 1 / FIRST : coordinates.length - 1),
  );
  const ranges = coordinates.map((_, k) => {
    const measured = points.map((p) => p[k] ?? Number.NEGATIVE_INFINITY).filter(Number.isFinite);
    return { least: Math.min(...measured), most: Math.max(...measured) };
  });
  let chosen: number | undefined;
  let least = Number.POSITIVE_INFINITY;
  for (const [i, point] of points.entries()) {
    const misses = ranges.map(
      ({ least, most }, k) => (weights[k] ?? 0) * shareMissed(point[k] ?? least, least, most),
    );
    const missed = Math.max(...misses) + TOGETHER * misses.reduce((a, b) => a + b, 0);
    if (missed < least) {
      least = missed;
      chosen = i;
    }
  }
  return chosen;
}

/** How far a value is from the best there is, of what the best is from the worst; 0 where all are the same. */
function shareMissed(value: number, least: number, most: number): number {
  return most > least ? (most - Math.max(value, least)) / (most - least) : 0;
}
