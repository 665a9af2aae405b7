/**
 * When a task that has to wait gets its slot: "first" before all others, since much else waits for it; "in_turn" in
 * the order they were handed in; "spare" when nobody else waits.
 */
export type Urgency = (typeof LINES)[number];

const LINES = ["first", "in_turn", "spare"] as const;

/** Runs a task as soon as one of the slots is free for it; absent, its urgency is "in_turn". */
export type Limiter = <T>(task: () => Promise<T>, urgency?: Urgency) => Promise<T>;

/** At most `slots` tasks run at once. The waiting lines are bounded by what their callers keep in flight. */
export function createLimiter(slots: number): Limiter {
  let free = Math.max(1, Math.trunc(slots));
  const waiting: Record<Urgency, (() => void)[]> = { first: [], in_turn: [], spare: [] };
  const release = () => {
    const line = LINES.find((urgency) => waiting[urgency].length > 0);
    if (line) waiting[line].shift()?.();
    else free++;
  };
  return async (task, urgency = "in_turn") => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting[urgency].push(resolve));
    try {
      return await task();
    } finally {
      release();
    }
  };
}
