import type { Lesson } from "../domain/candidate.ts";
import type { EngineStep } from "./ports.ts";
import { progress, record, type Run } from "./run.ts";
import { publicFront } from "./standing.ts";

/** What was decided about a candidate. */
export interface Decision {
  readonly iteration: number;
  /** Empty where nothing could be proposed. */
  readonly candidateId: string;
  readonly accepted: boolean;
  /** Why, as a sentence. */
  readonly reason: string;
  /** Lessons that are new or changed. */
  readonly lessons: readonly Lesson[];
}

/** Tells a decision and where the run stands after it. */
export function* announce(run: Run, decision: Decision): Generator<EngineStep, void, void> {
  const front = publicFront(run.state.pool, run.course.splits.validation, run.course.spec.objectives);
  yield record(run, { type: "select", data: { ...decision, front } });
  yield progress(run, "select");
}
