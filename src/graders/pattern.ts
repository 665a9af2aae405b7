import { RE2JS } from "re2js";
import { MAX_COMPILE_MS, watched } from "./watchdog.ts";

/**
 * Patterns of callers run on RE2, whose time grows linearly with the text: no pattern can hang the service, as one
 * with nested repeats can on a backtracking engine (OWASP: Regular expression Denial of Service).
 */

/** A compiled pattern, or the sentence that says why it is none. */
export type CompiledPattern =
  | { readonly ok: true; readonly pattern: RE2JS }
  | { readonly ok: false; readonly fault: string };

/** Compiles an RE2 pattern. */
export function compilePattern(source: string, ignoreCase: boolean): CompiledPattern {
  try {
    const flags = ignoreCase ? RE2JS.CASE_INSENSITIVE : 0;
    return { ok: true, pattern: watched(MAX_COMPILE_MS, () => RE2JS.compile(source, flags)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : "not understood";
    return {
      ok: false,
      fault: `is not an RE2 pattern (${why}); RE2 knows no look-around and no back-references`,
    };
  }
}
