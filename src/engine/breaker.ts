import type { MODEL_FAILURES } from "../models/model.ts";
import type { Evaluation, Problem } from "../domain/evaluation.ts";
import type { JobFailure } from "../domain/job.ts";

/** The world is out: going on would only collect failures. Ends the run with a recorded failure, never a bad score. */
export class OutageError extends Error {
  override readonly name = "OutageError";
  readonly failure: JobFailure;

  constructor(failure: JobFailure) {
    super(failure.sentence);
    this.failure = failure;
  }
}

/**
 * Calls of one role in a row that may fail for good, retries and all. Eight are rare by bad luck (where every tenth call
 * fails, one in 10 ** 8 calls begins such a row) and cheap enough to find out.
 */
export const MAX_CONSECUTIVE_FAILURES = 8;

/** Failures of the access itself: no later call will fare better. */
const HOPELESS = ["auth", "not_found", "quota"] as const satisfies readonly (keyof typeof MODEL_FAILURES)[];

/** Failures of one request, which say nothing about the next one; where nothing was answered yet, a bad request may be ours. */
const OF_THE_REQUEST = [
  "bad_request",
  "content_filter",
] as const satisfies readonly (keyof typeof MODEL_FAILURES)[];

/** Who can be out. */
type Fallible = "target" | "grader" | "reflection";

/** Tells an outage from single failures, over all calls of a run. */
export interface Breaker {
  /** Throws an {@link OutageError} once an outage was found: nothing more is to be called. */
  check(): void;
  succeeded(role: Fallible): void;
  /**
   * Notes a failure, whose cost is booked like any other; it is `check` that throws once they amount to an outage. What
   * fails `again` was counted before: that one output can not be graded is no more of an outage the third time.
   */
  failed(role: Fallible, problem: Problem, again?: boolean): void;
  /** Forgets what it saw: what was out of reach hours ago may be back. */
  reset(): void;
}

/** A breaker that has seen nothing yet. */
export function createBreaker(): Breaker {
  const failures = { target: 0, grader: 0, reflection: 0 };
  const answered = new Set<Fallible>();
  let found: OutageError | undefined;
  return {
    check() {
      if (found) throw found;
    },
    succeeded(role) {
      failures[role] = 0;
      answered.add(role);
    },
    failed(role, problem, again = false) {
      const ofTheRequest = (OF_THE_REQUEST as readonly string[]).includes(problem.code);
      if (ofTheRequest && (answered.has(role) || problem.code === "content_filter")) return;
      if (!again) failures[role]++;
      const hopeless = (HOPELESS as readonly string[]).includes(problem.code);
      if (!hopeless && failures[role] < MAX_CONSECUTIVE_FAILURES) return;
      found ??= new OutageError(outage(role, problem));
    },
    reset() {
      Object.assign(failures, { target: 0, grader: 0, reflection: 0 });
      found = undefined;
    },
  };
}

/** Throws an {@link OutageError} where calls failed and none of the evaluations has a score. */
export function throwIfUnscored(evaluations: readonly Evaluation[]): void {
  const failed = evaluations.find((e) => e.error);
  if (!failed?.error || evaluations.some((e) => e.score !== undefined)) return;
  throw new OutageError(outage(failed.output === "" ? "target" : "grader", failed.error));
}

const NAMES = {
  target: "target model",
  grader: "grader",
  reflection: "reflection model",
} as const satisfies Record<Fallible, string>;

/** The recorded failure of a role that gives nothing. */
function outage(role: Fallible, problem: Problem): JobFailure {
  const name = NAMES[role];
  const failure = (code: string, sentence: string, nextStep: string): JobFailure => ({
    code,
    sentence: `${sentence} ${problem.message}`,
    nextStep,
  });
  switch (problem.code) {
    case "auth":
      return failure(
        "model_auth",
        `The provider refused the access to the ${name}:`,
        "Check the provider's API key in the server's configuration, then create the job again.",
      );
    case "not_found":
      return failure(
        "model_not_found",
        `The provider does not know the ${name}:`,
        "Check the model id, then create the job again.",
      );
    case "quota":
      return failure(
        "model_quota",
        `The provider's quota for the ${name} is used up:`,
        "Raise the quota at the provider, then create the job again.",
      );
    default:
      return failure(
        role === "grader" ? "grader_unavailable" : "model_unavailable",
        `The ${name} could not be used:`,
        "Check that the provider is up and reachable from the server, then create the job again.",
      );
  }
}
