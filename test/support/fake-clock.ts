import type { Clock } from "../../src/base/clock.ts";

/** A clock that stands still until it is told to go on. */
export interface FakeClock extends Clock {
  /** Goes on by `ms`, waking sleepers in the order of their time, each with its follow-up work done before the next. */
  advance(ms: number): Promise<void>;
  /** Milliseconds until each sleeper wakes, soonest first. */
  sleepers(): number[];
  /** Resolves once at least `count` sleepers wait. */
  untilSleeping(count?: number): Promise<void>;
}

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly fire: () => void;
}

/** Lets promises and loopback I/O go on; a real timer would make the test depend on the machine. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Follow-up work done after each wake-up, in turns of the event loop. */
const TURNS_PER_WAKE = 5;

/** A clock at `start` milliseconds; wall time and monotonic time run together. */
export function createFakeClock(start = 1_700_000_000_000): FakeClock {
  let now = start;
  let order = 0;
  let timers: Timer[] = [];
  const add = (ms: number, fire: () => void): Timer => {
    const timer = { at: now + Math.max(0, ms), order: order++, fire };
    timers.push(timer);
    timers.sort((a, b) => a.at - b.at || a.order - b.order);
    return timer;
  };
  const remove = (timer: Timer) => {
    timers = timers.filter((t) => t !== timer);
  };
  const settle = async () => {
    for (let i = 0; i < TURNS_PER_WAKE; i++) await turn();
  };
  return {
    now: () => now,
    monotonic: () => now - start,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal?.aborted) return reject(signal.reason);
        const onAbort = () => {
          remove(timer);
          reject(signal?.reason);
        };
        const timer = add(ms, () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        });
        signal?.addEventListener("abort", onAbort, { once: true });
      }),
    every(ms, fn) {
      let timer: Timer;
      const again = () => {
        timer = add(ms, () => {
          again();
          fn();
        });
      };
      again();
      return () => remove(timer);
    },
    async advance(ms) {
      await settle();
      const end = now + ms;
      for (let next = timers[0]; next !== undefined && next.at <= end; next = timers[0]) {
        now = next.at;
        remove(next);
        next.fire();
        await settle();
      }
      now = end;
      await settle();
    },
    sleepers: () => timers.map((t) => t.at - now),
    async untilSleeping(count = 1) {
      while (timers.length < count) await turn();
    },
  };
}
