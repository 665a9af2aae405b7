import type { Example } from "../domain/spec.ts";
import type { Price } from "../models/model.ts";

/** What a grader sees. `output` comes from a model that was told what a caller wrote: it is data, never an order. */
export interface GradeInput {
  readonly example: Example;
  readonly output: string;
}

/** A grade. */
export interface Grade {
  /** In [0, 1], higher is better. */
  readonly score: number;
  /** What was good or wrong, for the reflection model; may name facts the prompt lacks. */
  readonly feedback: string;
  /** Scores of further criteria by name, each in [0, 1]. */
  readonly objectives: Readonly<Record<string, number>>;
  /** What the grade was paid with, for the job's limits; absent where no model was called. */
  readonly cost?: GradeCost;
}

/** Model calls of one grade, their input and output tokens, and US dollars where the price is known. */
export interface GradeCost {
  readonly modelCalls: number;
  readonly tokens: number;
  readonly costUsd?: number;
}

/** No grade could be had: a missing score, never a zero. */
export class GraderError extends Error {
  override readonly name = "GraderError";
  readonly code: string;
  /** What was paid all the same; absent where no model was called or it is not known. */
  readonly cost: GradeCost | undefined;

  constructor(code: string, message: string, cause?: unknown, cost?: GradeCost) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.cost = cost;
  }
}

/** Scores an output. */
export interface Grader {
  /** Equal fingerprints mean comparable scores: SHA-256 of everything that decides a grade but the input. */
  readonly fingerprint: string;
  /** Model calls one grade takes, expected; 0 for graders that call none. */
  readonly callsPerGrade: number;
  /** Model calls one grade may take at most, with every answer that had to be asked for again; absent: as expected. */
  readonly maxCallsPerGrade?: number;
  /** Price of those calls; absent where none is made or it is not known. */
  readonly price?: Price;
  /** `repeat` tells repeated grades of one output apart. Rejects with {@link GraderError} or the signal's reason. */
  grade(input: GradeInput, signal: AbortSignal, repeat?: number): Promise<Grade>;
}
