import { create } from "@bufbuild/protobuf";
import type { Artifacts, Report } from "../../domain/report.ts";
import {
  ArtifactsSchema,
  IntervalSchema,
  ReportSchema,
  type Artifacts as ProtoArtifacts,
  type Report as ProtoReport,
} from "../../../gen/ts/gepa/v1/report_pb.ts";
import { protoFrontMember, protoLesson, protoLineageEntry } from "./candidate.ts";
import { protoSpend } from "./spend.ts";

/** What is known about the champion. */
export function protoReport(report: Report): ProtoReport {
  return create(ReportSchema, {
    verdict: report.verdict,
    explanation: report.explanation,
    measuredOn: report.measuredOn,
    baselineScore: report.baselineScore,
    championScore: report.championScore,
    bestCandidateScore: report.bestCandidateScore,
    lift: report.lift,
    interval: report.interval && create(IntervalSchema, report.interval),
    sampleSize: report.sampleSize,
    candidatesConsidered: report.candidatesConsidered,
    noiseFloor: report.noiseFloor,
    detectableLift: report.detectableLift,
    championCharacters: report.championCharacters,
    seedCharacters: report.seedCharacters,
    stopReason: report.stopReason,
    notes: [...report.notes],
    simulated: report.simulated,
    spend: protoSpend(report.spend),
  });
}

/** What the search leaves behind. */
export function protoArtifacts(artifacts: Artifacts): ProtoArtifacts {
  return create(ArtifactsSchema, {
    front: artifacts.front.map(protoFrontMember),
    lessons: artifacts.lessons.map(protoLesson),
    lineage: artifacts.lineage.map(protoLineageEntry),
    digests: { ...artifacts.digests },
  });
}
