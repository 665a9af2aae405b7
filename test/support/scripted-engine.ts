import type { CandidateText } from "../../src/domain/candidate.ts";
import type { EngineEvent } from "../../src/domain/event.ts";
import type { JobResult } from "../../src/domain/job.ts";
import type { Report } from "../../src/domain/report.ts";
import type { EngineOutcome, EngineStep, Optimise } from "../../src/engine/ports.ts";
import { aRequest } from "./scripted-model.ts";

/** A report that says nothing. */
export function aReport(stopReason: JobResult["stopReason"]): Report {
  return {
    verdict: "not_measured",
    explanation: "",
    measuredOn: "in_sample",
    sampleSize: 1,
    candidatesConsidered: 1,
    championCharacters: 1,
    seedCharacters: 1,
    stopReason,
    notes: [],
    simulated: false,
    spend: [],
  };
}

/** A result with this champion. */
export function aResult(
  champion: CandidateText,
  stopReason: JobResult["stopReason"] = "iterations",
): JobResult {
  return { champion, report: aReport(stopReason), stopReason };
}

/** Events a run of the scripted engine yields in one iteration. */
export const EVENTS_AN_ITERATION = 4;

/**
 * A small engine with everything the runtime has to deal with: in each iteration it asks the outside, calls the
 * reflection model once and the target on every example at once, yields four events and (where wanted) a checkpoint.
 * Iteration i makes candidate "ci", each better than the last.
 */
export function scriptedEngine(options: { readonly checkpoints: boolean }): Optimise {
  return async function* scripted(input, ports, signal) {
    const { spec } = input;
    const saved = input.checkpoint === undefined ? { done: 0, ordinal: 0 } : JSON.parse(input.checkpoint);
    let ordinal: number = saved.ordinal;
    const event = (body: EngineEvent): EngineStep => {
      ordinal++;
      return { kind: "event", event: body };
    };
    if (ordinal === 0) yield event(started(input.judgeFingerprint));
    let champion: CandidateText = saved.champion ?? { candidateId: "c0", components: spec.components };
    let stopReason: JobResult["stopReason"] = "iterations";
    for (let i = saved.done + 1; i <= spec.budget.maxIterations; i++) {
      const order = await ports.outside(i);
      if (order === "pause") return { kind: "paused" };
      if (order !== "go") {
        stopReason = order === "stop" ? "stopped" : order;
        yield event({ type: "early_stop", data: { iteration: i, reason: stopReason, detail: "" } });
        break;
      }
      const candidateId = `c${i}`;
      const { text } = await ports.reflection.call(aRequest(`improve ${i}`), signal);
      champion = { candidateId, components: { prompt: text }, score: i / 100 };
      yield event({
        type: "generate",
        data: {
          iteration: i,
          candidateId,
          parentIds: [`c${i - 1}`],
          operator: "reflect",
          components: champion.components,
          changedComponents: ["prompt"],
          rationale: "",
          lessonIds: [],
          rejectedTexts: [],
        },
      });
      const evaluations = await Promise.all(
        spec.examples.map(async (example) => {
          const answer = await ports.target.call(aRequest(`${text} / ${example.input}`), signal);
          return { exampleId: example.id, feedback: "", output: answer.text, objectives: {}, reused: false };
        }),
      );
      yield event({ type: "judge", data: { iteration: i, candidateId, stage: "validation", evaluations } });
      yield event({
        type: "select",
        data: { iteration: i, candidateId, accepted: true, reason: "", front: [], lessons: [] },
      });
      yield event({
        type: "progress",
        data: {
          stage: "select",
          iteration: i,
          bestScore: i / 100,
          bestCandidateId: candidateId,
          budget: { lines: [], fraction: i / spec.budget.maxIterations },
          ...ports.measure(),
        },
      });
      if (options.checkpoints) {
        yield { kind: "checkpoint", state: JSON.stringify({ done: i, ordinal, champion }), ordinal };
      }
    }
    const artifacts = { front: [], lessons: [], lineage: [], digests: {} };
    yield event({ type: "final", data: { champion, report: aReport(stopReason), artifacts } });
    return { kind: "finished", result: aResult(champion, stopReason) };
  };
}

function started(judgeFingerprint: string): EngineEvent {
  return {
    type: "started",
    data: {
      configDigest: "",
      judgeFingerprint,
      models: [],
      splits: { train: [], validation: [], test: [], policy: "shared" },
      plan: { iterations: 0, proposals: 0, metricCalls: 0, maxMetricCalls: 0, modelCalls: 0, tokens: 0 },
      profile: "default",
      seed: 0,
      simulated: false,
      warnings: [],
    },
  };
}

/** An engine that yields these steps and ends so. */
export function engineOf(steps: readonly EngineStep[], outcome: EngineOutcome): Optimise {
  return async function* () {
    yield* steps;
    return outcome;
  };
}

/** A step that says nothing but its iteration. */
export const aStep = (iteration: number): EngineStep => ({
  kind: "event",
  event: { type: "early_stop", data: { iteration, reason: "plateau", detail: "" } },
});
