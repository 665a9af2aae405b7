import type { Evaluation } from "../../src/domain/evaluation.ts";
import type { EventBody, JudgeStage } from "../../src/domain/event.ts";
import type { Store } from "../../src/storage/store.ts";
import { FULL_EVENTS } from "./full-events.ts";
import { aJob, aWrite } from "./jobs.ts";

/** A running job of Alice's whose log is these events; gives what appends further ones. */
export async function recordedJob(
  store: Store,
  id: string,
  events: readonly EventBody[],
): Promise<(more: readonly EventBody[]) => Promise<unknown>> {
  await store.createJob({ job: aJob(id), maxOpenJobsPerOwner: 100 });
  const job = await store.claim(id, "worker-1", 0);
  if (job === undefined) throw new Error(`job ${id} is not to be had`);
  const append = (more: readonly EventBody[]) => store.append(id, job.fence, aWrite(more));
  if (events.length > 0) await append(events);
  return append;
}

/** The start of a run that validates on these examples. */
export function began(validation: readonly string[]): EventBody {
  const splits = { ...FULL_EVENTS.started.splits, validation };
  return { type: "started", data: { ...FULL_EVENTS.started, splits } };
}

/** A candidate is written; "c3" by iteration 3, with a text of its own unless that of another one is said. */
export function wrote(
  candidateId: string,
  parentIds: readonly string[] = ["c0"],
  textOf: string = candidateId,
): EventBody {
  const iteration = Number(candidateId.slice(1));
  const components = { prompt: `Text of ${textOf}.` };
  return {
    type: "generate",
    data: { ...FULL_EVENTS.generate, iteration, candidateId, parentIds, components },
  };
}

/** A candidate is run on examples, with these scores; undefined for a call that failed. */
export function judged(
  candidateId: string,
  stage: JudgeStage,
  scores: Readonly<Record<string, number | undefined>>,
  reused: readonly string[] = [],
): EventBody {
  const evaluations = Object.entries(scores).map(
    ([exampleId, score]): Evaluation => ({
      exampleId,
      ...(score === undefined ? { error: { code: "timeout", message: "Too slow." } } : { score }),
      feedback: "",
      output: `${candidateId} on ${exampleId}`,
      objectives: {},
      reused: reused.includes(exampleId),
    }),
  );
  return {
    type: "judge",
    data: { iteration: Number(candidateId.slice(1)), candidateId, stage, evaluations },
  };
}

/** The same with the mean of so many grades of each output. */
export function regraded(
  candidateId: string,
  stage: JudgeStage,
  scores: Readonly<Record<string, number>>,
  grades: number,
): EventBody {
  const event = judged(candidateId, stage, scores);
  if (event.type !== "judge") throw new Error("judged tells a judge event");
  return {
    ...event,
    data: { ...event.data, evaluations: event.data.evaluations.map((e) => ({ ...e, grades })) },
  };
}

/** A candidate is decided on. */
export function decided(candidateId: string, accepted: boolean): EventBody {
  const reason = accepted ? "It joined the pool." : "No improvement.";
  const iteration = Number(candidateId.slice(1));
  return { type: "select", data: { ...FULL_EVENTS.select, iteration, candidateId, accepted, reason } };
}
