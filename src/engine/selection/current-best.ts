import type { Selector } from "./selector.ts";

/** Always the best so far. */
export const currentBest: Selector = ({ bestId }) => bestId;
