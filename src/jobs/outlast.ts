import type { Clock } from "../base/clock.ts";
import { isStoreTrouble } from "./run-failure.ts";

/** First and longest pause before the store is asked again: a restart takes a second, a full disk an operator's hand. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1_000;

/**
 * Does `work` until the store is no longer in trouble; for work that may be done twice, since nobody knows whether what
 * broke off was done. Rejects with any other error, and with the signal's reason where that aborts during the wait; one
 * attempt is made in any case. `onTrouble` is told the first failure that is waited out.
 */
export async function outlastTrouble<T>(
  clock: Pick<Clock, "sleep">,
  signal: AbortSignal,
  work: () => Promise<T>,
  onTrouble: (error: unknown) => void = () => undefined,
): Promise<T> {
  let isTold = false;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    try {
      return await work();
    } catch (error) {
      if (!isStoreTrouble(error)) throw error;
      if (!isTold) onTrouble(error);
      isTold = true;
    }
    await clock.sleep(pauseMs, signal);
  }
}
