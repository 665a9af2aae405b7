/** Runs a task as soon as one of the slots is free; tasks start in the order they were handed in. */
export type Limiter = <T>(task: () => Promise<T>) => Promise<T>;

/** At most `slots` tasks run at once. The waiting line is bounded by what its caller keeps in flight. */
export function createLimiter(slots: number): Limiter {
  let free = Math.max(1, Math.trunc(slots));
  const waiting: (() => void)[] = [];
  const release = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return async (task) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      return await task();
    } finally {
      release();
    }
  };
}
