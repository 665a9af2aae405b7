import { SCORE_EPSILON } from "../standing.ts";
import type { Acceptance } from "./acceptance.ts";

/** The sum must not fall by more than rounding. For candidates made without reading feedback, such as merges. */
export const improvementOrEqual: Acceptance = ({ shared, parentSum, childSum }) =>
  shared > 0 && childSum >= parentSum - SCORE_EPSILON;
