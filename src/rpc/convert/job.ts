import { create } from "@bufbuild/protobuf";
import type { Job, JobResult, JobStatus } from "../../domain/job.ts";
import { promptText } from "../../domain/spec.ts";
import { etagOf } from "../../jobs/use-cases.ts";
import {
  FailureSchema,
  JobRequest as ProtoJobRequest,
  JobSchema,
  JobStatus as ProtoJobStatus,
  ResultSchema,
  type Job as ProtoJob,
  type Result as ProtoResult,
} from "../../../gen/ts/gepa/v1/job_pb.ts";
import { protoCandidateText } from "./candidate.ts";
import { protoReport } from "./report.ts";
import { protoSpec } from "./spec-out.ts";
import { protoModelUse, protoSpend } from "./spend.ts";
import { timestamp } from "./time.ts";

const STATUS = {
  pending: ProtoJobStatus.PENDING,
  running: ProtoJobStatus.RUNNING,
  paused: ProtoJobStatus.PAUSED,
  finished: ProtoJobStatus.FINISHED,
  failed: ProtoJobStatus.FAILED,
  cancelled: ProtoJobStatus.CANCELLED,
} as const satisfies Record<JobStatus, ProtoJobStatus>;

const REQUESTED = { stop: ProtoJobRequest.STOP, pause: ProtoJobRequest.PAUSE } as const;

/** The status a list is filtered by; undefined for all. */
export function jobStatus(status: ProtoJobStatus): JobStatus | undefined {
  const entries = Object.entries(STATUS) as [JobStatus, ProtoJobStatus][];
  return entries.find(([, proto]) => proto === status)?.[0];
}

/** A job. The spec is large, so it is sent only where one job was asked for. */
export function protoJob(job: Job, withSpec: "with spec" | "without spec"): ProtoJob {
  return create(JobSchema, {
    jobId: job.id,
    status: STATUS[job.status],
    requested: job.requested === undefined ? ProtoJobRequest.UNSPECIFIED : REQUESTED[job.requested],
    createdAt: timestamp(job.createdAt),
    startedAt: timestamp(job.startedAt),
    updatedAt: timestamp(job.updatedAt),
    endedAt: timestamp(job.endedAt),
    name: job.spec.name ?? "",
    iterations: job.spec.budget.maxIterations,
    iteration: job.progress.iteration,
    bestScore: job.progress.bestScore,
    bestSoFar: job.progress.bestSoFar && protoCandidateText(job.progress.bestSoFar),
    result: job.result && protoResult(job.result),
    failure: job.failure && create(FailureSchema, job.failure),
    progress: job.progress.fraction,
    spend: protoSpend(job.progress.spend),
    models: job.models.map(protoModelUse),
    simulated: job.models.some((model) => model.simulated),
    judgeFingerprint: job.judgeFingerprint,
    lastEventId: BigInt(job.lastEventId),
    etag: etagOf(job),
    parentJobId: job.parentId ?? "",
    spec: withSpec === "with spec" ? protoSpec(job.spec) : undefined,
  });
}

function protoResult(result: JobResult): ProtoResult {
  return create(ResultSchema, {
    prompt: promptText(result.champion.components),
    components: { ...result.champion.components },
    candidateId: result.champion.candidateId,
    score: result.report.championScore,
    verdict: result.report.verdict,
    stopReason: result.stopReason,
    bestCandidate: result.bestCandidate && protoCandidateText(result.bestCandidate),
    report: protoReport(result.report),
  });
}
