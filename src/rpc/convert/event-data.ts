import { create } from "@bufbuild/protobuf";
import type { Evaluation } from "../../domain/evaluation.ts";
import type { EventBody, EventDataByType } from "../../domain/event.ts";
import {
  BudgetLineSchema,
  BudgetUseSchema,
  CancelledEventSchema,
  EarlyStopEventSchema,
  EvaluationSchema,
  type Event,
  FailedEventSchema,
  FinalEventSchema,
  FinishedEventSchema,
  GenerateEventSchema,
  JudgeEventSchema,
  PausedEventSchema,
  ProblemSchema,
  ProgressEventSchema,
  RejectedTextSchema,
  ResumedEventSchema,
  SelectEventSchema,
  StartedEventSchema,
  TimingSchema,
  type Evaluation as ProtoEvaluation,
} from "../../../gen/ts/gepa/v1/event_pb.ts";
import { protoCandidateText, protoFrontMember, protoLesson } from "./candidate.ts";
import { protoPlan, protoSplits } from "./plan.ts";
import { protoArtifacts, protoReport } from "./report.ts";
import { protoModelUse, protoSpend } from "./spend.ts";

/** The data of a stored event, under the case of its type. */
export function protoEventData(event: EventBody): Event["data"] {
  switch (event.type) {
    case "started":
      return { case: "started", value: started(event.data) };
    case "generate":
      return { case: "generate", value: generate(event.data) };
    case "judge":
      return { case: "judge", value: judge(event.data) };
    case "select":
      return { case: "select", value: select(event.data) };
    case "progress":
      return { case: "progress", value: progress(event.data) };
    case "early_stop":
      return { case: "earlyStop", value: create(EarlyStopEventSchema, event.data) };
    case "paused":
      return { case: "paused", value: create(PausedEventSchema, event.data) };
    case "resumed":
      return { case: "resumed", value: create(ResumedEventSchema, event.data) };
    case "final":
      return { case: "final", value: final(event.data) };
    case "finished":
      return { case: "finished", value: create(FinishedEventSchema, event.data) };
    case "failed":
      return { case: "failed", value: create(FailedEventSchema, event.data) };
    case "cancelled":
      return { case: "cancelled", value: create(CancelledEventSchema, event.data) };
  }
}

function started(data: EventDataByType["started"]) {
  return create(StartedEventSchema, {
    configDigest: data.configDigest,
    judgeFingerprint: data.judgeFingerprint,
    models: data.models.map(protoModelUse),
    splits: protoSplits(data.splits),
    plan: protoPlan(data.plan),
    profile: data.profile,
    seed: BigInt(data.seed),
    simulated: data.simulated,
    warnings: [...data.warnings],
  });
}

function generate(data: EventDataByType["generate"]) {
  return create(GenerateEventSchema, {
    iteration: data.iteration,
    candidateId: data.candidateId,
    parentIds: [...data.parentIds],
    operator: data.operator,
    components: { ...data.components },
    changedComponents: [...data.changedComponents],
    rationale: data.rationale,
    lessonIds: [...data.lessonIds],
    rejectedTexts: data.rejectedTexts.map((text) => create(RejectedTextSchema, text)),
  });
}

function judge(data: EventDataByType["judge"]) {
  return create(JudgeEventSchema, {
    iteration: data.iteration,
    candidateId: data.candidateId,
    stage: data.stage,
    evaluations: data.evaluations.map(protoEvaluation),
    meanScore: data.meanScore,
  });
}

/** One candidate on one example. */
export function protoEvaluation(evaluation: Evaluation): ProtoEvaluation {
  return create(EvaluationSchema, {
    exampleId: evaluation.exampleId,
    score: evaluation.score,
    feedback: evaluation.feedback,
    output: evaluation.output,
    objectives: { ...evaluation.objectives },
    reused: evaluation.reused,
    error: evaluation.error && create(ProblemSchema, evaluation.error),
    grades: evaluation.grades ?? 0,
  });
}

function select(data: EventDataByType["select"]) {
  return create(SelectEventSchema, {
    iteration: data.iteration,
    candidateId: data.candidateId,
    accepted: data.accepted,
    reason: data.reason,
    front: data.front.map(protoFrontMember),
    lessons: data.lessons.map(protoLesson),
  });
}

function progress(data: EventDataByType["progress"]) {
  return create(ProgressEventSchema, {
    stage: data.stage,
    iteration: data.iteration,
    bestScore: data.bestScore,
    bestCandidateId: data.bestCandidateId,
    budget: create(BudgetUseSchema, {
      lines: data.budget.lines.map((line) => create(BudgetLineSchema, line)),
      fraction: data.budget.fraction,
    }),
    spend: protoSpend(data.spend),
    timing: create(TimingSchema, data.timing),
  });
}

function final(data: EventDataByType["final"]) {
  return create(FinalEventSchema, {
    champion: protoCandidateText(data.champion),
    bestCandidate: data.bestCandidate && protoCandidateText(data.bestCandidate),
    report: protoReport(data.report),
    artifacts: protoArtifacts(data.artifacts),
  });
}
