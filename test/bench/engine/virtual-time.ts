import { setMaxListeners } from "node:events";
import type { Clock } from "../../../src/base/clock.ts";

/**
 * Time that costs none: a sleep is released, in the order of its due time, as soon as nothing else can run. A run of
 * a thousand 50 ms calls is measured to the millisecond without waiting for one of them. Correct for work that waits
 * for promises and sleeps of this clock only; real timers, files and sockets are invisible to it.
 */
export interface VirtualTime extends Clock {
  /** Sleeps that have not been released yet. */
  readonly sleeping: number;
}

interface Sleeper {
  readonly due: number;
  /** Breaks ties: who fell asleep first wakes first. */
  readonly order: number;
  readonly wake: () => void;
}

const before = (a: Sleeper, b: Sleeper) => a.due < b.due || (a.due === b.due && a.order < b.order);

/** Turns of the event loop without a new sleep after which nothing else is taken to be able to run. */
const IDLE_TURNS = 2;

/** A clock at 0 ms. */
export function createVirtualTime(): VirtualTime {
  const heap: Sleeper[] = [];
  let now = 0;
  let order = 0;
  let pumping = false;

  const push = (sleeper: Sleeper) => {
    let i = heap.push(sleeper) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(heap[i]!, heap[parent]!)) break;
      [heap[i], heap[parent]] = [heap[parent]!, heap[i]!];
      i = parent;
    }
  };

  const pop = (): Sleeper | undefined => {
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    heap[0] = last;
    for (let i = 0; ; ) {
      const left = 2 * i + 1;
      const right = left + 1;
      let least = i;
      if (left < heap.length && before(heap[left]!, heap[least]!)) least = left;
      if (right < heap.length && before(heap[right]!, heap[least]!)) least = right;
      if (least === i) return top;
      [heap[i], heap[least]] = [heap[least]!, heap[i]!];
      i = least;
    }
  };

  const pump = (idle: number, seen: number) => {
    setImmediate(() => {
      if (order !== seen) return pump(1, order);
      if (idle < IDLE_TURNS) return pump(idle + 1, seen);
      const first = pop();
      if (first === undefined) {
        pumping = false;
        return;
      }
      now = first.due;
      first.wake();
      while (heap[0]?.due === now) pop()?.wake();
      pump(1, order);
    });
  };

  return {
    get sleeping() {
      return heap.length;
    },
    now: () => now,
    monotonic: () => now,
    sleep(ms, signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        if (signal) setMaxListeners(0, signal); // a listener a sleeper, as many as there are
        const onAbort = () => reject(signal?.reason); // the heap keeps the sleeper; waking it then does nothing
        signal?.addEventListener("abort", onAbort, { once: true });
        const wake = () => {
          signal?.removeEventListener("abort", onAbort);
          resolve();
        };
        push({ due: now + Math.max(0, ms), order: order++, wake });
        if (!pumping) {
          pumping = true;
          pump(1, order);
        }
      });
    },
    every() {
      throw new Error("Nothing in the benchmark repeats by the clock.");
    },
  };
}
