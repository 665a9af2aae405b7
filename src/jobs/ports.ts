import type { Clock } from "../base/clock.ts";
import type { FieldViolation } from "../base/errors.ts";
import type { Ids } from "../base/ids.ts";
import type { Logger } from "../base/log.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Example, GraderSpec } from "../domain/spec.ts";
import type { Role } from "../domain/spend.ts";
import type { Optimise } from "../engine/ports.ts";
import type { Grader } from "../graders/grader.ts";
import type { Model } from "../models/model.ts";
import type { Store } from "../storage/store.ts";
import type { Turns } from "./turns.ts";

/** Everything the use cases and the runtime need from the world; `app` puts it together. */
export interface JobsDeps {
  readonly store: Store;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly limits: JobLimits;
  /**
   * The models of one job, ready to use: with their limiter, retries and timeouts. Without an id the target is the
   * server's default; the judge is looked for only where `roles` names it. Throws `model_not_configured` with the
   * variable to set.
   */
  readonly resolveModels: (targetModelId: string | undefined, roles: readonly Role[]) => RoleModels;
  readonly graders: GraderPort;
  readonly optimise: Optimise;
}

/** What a run needs besides, shared by the runs of this process. */
export interface RunDeps extends JobsDeps {
  readonly turns: Turns;
  /** Aborts when the process lets go of its runs: until then an answer that was paid for waits to be booked. */
  readonly closing: AbortSignal;
}

/** Bounds of this server; each is a configuration value with its own reason there. */
export interface JobLimits {
  /** Iterations a job may ask for; more is refused. */
  readonly maxIterations: number;
  /** Jobs of one owner that may wait or run at once; one more is refused. */
  readonly maxOpenJobsPerOwner: number;
  /** How long an idempotency key is remembered. */
  readonly idempotencyTtlMs: number;
  /** How long a job is kept after its end; absent for ever. */
  readonly jobRetentionMs?: number;
  /** How long the whole log of a job is kept after its end; absent as long as the job. */
  readonly eventRetentionMs?: number;
  /** Jobs this process runs at once; further ones wait as `pending`. */
  readonly maxRunningJobs: number;
  /** Model and grader calls one job may have in flight at once. */
  readonly callsInFlightPerJob: number;
}

/** The models of one job by role. */
export interface RoleModels {
  readonly target: Model;
  /** Absent where no grader asks it. */
  readonly judge?: Model;
  readonly reflection: Model;
}

/** What a grader is made with. */
export interface GradingInput {
  /** For the kinds that ask one. */
  readonly judge?: Model;
  /** The job's rubric. */
  readonly rubric?: string;
  readonly objectives: readonly string[];
  readonly context: Readonly<Record<string, string>>;
}

/** The graders, seen from here. */
export interface GraderPort {
  /** Builds a grader; pure. */
  create(grader: GraderSpec, input: GradingInput): Grader;
  /** What is wrong with a grader on these examples; fields as the caller wrote them, such as `examples[3].ideal`. */
  check(grader: GraderSpec, examples: readonly Example[]): readonly FieldViolation[];
}
