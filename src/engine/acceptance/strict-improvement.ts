import { SCORE_EPSILON } from "../standing.ts";
import type { Acceptance } from "./acceptance.ts";

/** The sum must rise by more than rounding. */
export const strictImprovement: Acceptance = ({ shared, parentSum, childSum }) =>
  shared > 0 && childSum > parentSum + SCORE_EPSILON;
