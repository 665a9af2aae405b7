import { abortable } from "../base/abort.ts";

/**
 * Runs `work` when nobody else is at work under the same key in this process: what the one before did is there to be
 * found then. Gives what `work` gives; rejects with the signal's reason where that aborts during the wait.
 */
export type Turns = <T>(key: string, signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** Turns nobody has taken. It holds one entry for each key under work. */
export function createTurns(): Turns {
  const underWork = new Map<string, Promise<void>>();
  return async (key, signal, work) => {
    for (let other = underWork.get(key); other !== undefined; other = underWork.get(key)) {
      await abortable(other, signal);
    }
    const mine = work();
    const leave = () => void underWork.delete(key);
    underWork.set(key, mine.then(leave, leave)); // settles after the entry is gone: whoever waits may take the turn
    return mine;
  };
}
