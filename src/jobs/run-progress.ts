import type { CandidateText } from "../domain/candidate.ts";
import type { EngineEvent } from "../domain/event.ts";
import type { JobProgress } from "../domain/job.ts";
import type { Components } from "../domain/spec.ts";

/** Where the job stands, as its events tell it; the rest of the row (money, time) is not in here. */
export type ProgressSoFar = Pick<JobProgress, "iteration" | "bestScore" | "bestSoFar" | "fraction">;

/** The share of a run that is through, however much of its budget is left. */
const DONE = 1;

/** Follows a run's events and says where it stands. */
export interface RunProgress {
  /** Remembers a candidate's text; also for events that were recorded by an earlier run. */
  learn(candidateId: string, components: Components): void;
  /** Takes an event that is being recorded. */
  see(event: EngineEvent): void;
  soFar(): ProgressSoFar;
}

/**
 * Progress from where an earlier run left it. The texts of all candidates are kept, for any of them can become the
 * best: at most one an iteration, and the same strings that the engine holds.
 */
export function createRunProgress(start: JobProgress): RunProgress {
  const texts = new Map<string, Components>();
  let { iteration, bestScore, bestSoFar, fraction }: ProgressSoFar = start;
  return {
    learn: (candidateId, components) => void texts.set(candidateId, components),
    see(event) {
      if (event.type === "generate") texts.set(event.data.candidateId, event.data.components);
      if (event.type === "final") fraction = DONE;
      if (event.type !== "progress") return;
      const { data } = event;
      iteration = data.iteration;
      fraction = data.budget.fraction;
      bestScore = data.bestScore;
      bestSoFar = textOf(data.bestCandidateId, texts, data.bestScore) ?? bestSoFar;
    },
    soFar: () => ({
      iteration,
      fraction,
      ...(bestScore === undefined ? {} : { bestScore }),
      ...(bestSoFar === undefined ? {} : { bestSoFar }),
    }),
  };
}

function textOf(
  candidateId: string,
  texts: ReadonlyMap<string, Components>,
  score: number | undefined,
): CandidateText | undefined {
  const components = texts.get(candidateId);
  return components && { candidateId, components, ...(score === undefined ? {} : { score }) };
}
