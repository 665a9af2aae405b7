import type { Evaluation } from "../domain/evaluation.ts";
import type { EngineEvent } from "../domain/event.ts";
import type { JobFailure, JobResult, OutsideInput } from "../domain/job.ts";
import type { OptimizeSpec } from "../domain/spec.ts";
import type { ModelUse, Spend } from "../domain/spend.ts";
import type { Rng } from "../base/rng.ts";
import type { Grader } from "../graders/grader.ts";
import type { Model } from "../models/model.ts";
import type { ReferenceStep } from "./reference/ports.ts";

/**
 * What a model of the ports rejects with once the job's wall time is used up and the answer is not known already. The
 * search is over then: whoever takes the run up again is refused the same calls, and so comes to the same end.
 */
export class OutOfTimeError extends Error {
  override readonly name = "OutOfTimeError";
  constructor() {
    super("the wall time of the job is used up");
  }
}

/** Everything the search needs from the world. The models answer from the ledger where they can. */
export interface EnginePorts {
  readonly target: Model;
  readonly reflection: Model;
  readonly grader: Grader;
  readonly rng: Rng;
  /** Model and grader calls the engine may have in flight at once. */
  readonly concurrency: number;
  /**
   * Asked once before commit number `commit` (1, 2, 3 …) and obeyed. A "stop" still validates and reports the best;
   * a "wall_time" starts nothing new and reports what is known.
   */
  outside(commit: number): Promise<OutsideInput>;
  /**
   * What `progress` and the report say of money and time; exempt from determinism. The time left is guessed from the
   * share of the tightest limit that is used, where one is given.
   */
  measure(fraction?: number): {
    readonly spend: Spend;
    readonly timing: { readonly elapsedS: number; readonly etaS?: number };
  };
  /** Told every decision of the profile `reference` under the names gepa 0.1.4 gives them; other profiles tell nothing. */
  trace?(step: ReferenceStep<Evaluation>): void;
}

/** What the engine is asked to do. */
export interface EngineInput {
  readonly spec: OptimizeSpec;
  readonly models: readonly ModelUse[];
  readonly judgeFingerprint: string;
  /** From where to go on: what a yielded checkpoint held. Absent for a fresh run. */
  readonly checkpoint?: string;
}

/**
 * What the engine yields: an event to record, or a checkpoint. A checkpoint's `ordinal` is the number of events
 * yielded before it since the very start; a run taken up from it yields the same events from there on.
 */
export type EngineStep =
  | { readonly kind: "event"; readonly event: EngineEvent }
  | { readonly kind: "checkpoint"; readonly state: string; readonly ordinal: number };

/** How a run ends. */
export type EngineOutcome =
  | { readonly kind: "finished"; readonly result: JobResult }
  | { readonly kind: "paused" }
  | { readonly kind: "failed"; readonly failure: JobFailure };

/** The engine: a generator of steps. It rejects with the signal's reason once that aborts, and for bugs only otherwise. */
export type Optimise = (
  input: EngineInput,
  ports: EnginePorts,
  signal: AbortSignal,
) => AsyncGenerator<EngineStep, EngineOutcome, void>;
