import { createContext, Script } from "node:vm";
import { GraderError } from "./grader.ts";

/**
 * Patterns and schemas come from callers, and the event loop stands still while they work, for every job and caller.
 * Linear time alone is no bound: a pattern can unfold to a million states, and a schema with `anyOf` over a reference to
 * itself takes twice as long for each level of its input. So their work is timed, and ended by force.
 */

/** Milliseconds that making one ready may take; the first schema of a process brings its meta-schema along. */
export const MAX_COMPILE_MS = 2_000;

/** Milliseconds on one output; an honest pattern or schema takes a few. */
export const MAX_MATCH_MS = 250;

const box = createContext(Object.create(null));
const start = new Script("work()");

/**
 * What `work` gives, which must be synchronous. Throws a {@link GraderError} where it takes longer than `maxMs`: that
 * depends on the machine, and so does a grade that is lost to it. `node:vm` serves as a timer that can end running
 * code, not as a sandbox.
 */
export function watched<T>(maxMs: number, work: () => T): T {
  box.work = work;
  try {
    return start.runInContext(box, { timeout: maxMs }) as T;
  } catch (error) {
    if (!isTimeout(error)) throw error;
    throw new GraderError("too_slow", `it works longer than ${maxMs} ms; make it simpler`);
  } finally {
    box.work = undefined;
  }
}

/** The error is of the context's own realm, where `Error` is another one. */
function isTimeout(error: unknown): boolean {
  return (error as { readonly code?: unknown } | null)?.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
