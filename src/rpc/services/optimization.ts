import { create } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { UseCases } from "../../jobs/use-cases.ts";
import {
  type OptimizationService,
  WatchJobResponseSchema,
} from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { callerOf } from "../context.ts";
import { protoCandidateText } from "../convert/candidate.ts";
import { cursor, eventTypes, protoEvent, protoTruncated } from "../convert/event.ts";
import { jobStatus, protoJob } from "../convert/job.ts";
import { protoPlan, protoSplits } from "../convert/plan.ts";
import { protoCandidate, protoRollout } from "../convert/records.ts";
import { protoArtifacts, protoReport } from "../convert/report.ts";
import { budgetRequest, configRequest, specRequest } from "../convert/spec.ts";
import { protoModelUse } from "../convert/spend.ts";
import { fingerprint, idempotencyKey } from "../idempotency-key.ts";

/** Header of an answer that repeats the one to an earlier request with the same key. */
export const REPLAYED_HEADER = "idempotent-replayed";

/** The optimisation service over the use cases: every method converts, calls one use case, and converts back. */
export function optimizationService(useCases: UseCases) {
  return {
    async createJob(request, context) {
      const requestId = idempotencyKey(request.requestId, context.requestHeader);
      const { job, replayed } = await useCases.createJob(callerOf(context), {
        spec: specRequest(request.spec),
        ...(request.iterations !== undefined && { iterations: request.iterations }),
        ...(requestId !== undefined && { requestId }),
        fingerprint: fingerprint(request),
      });
      if (replayed) context.responseHeader.set(REPLAYED_HEADER, "true");
      return { job: protoJob(job, "without spec") };
    },

    async getJob(request, context) {
      return { job: protoJob(await useCases.getJob(callerOf(context), request.jobId), "with spec") };
    },

    async listJobs(request, context) {
      const page = await useCases.listJobs(callerOf(context), request, jobStatus(request.status));
      return {
        jobs: page.items.map((job) => protoJob(job, "without spec")),
        nextPageToken: page.nextPageToken,
      };
    },

    async *watchJob(request, context) {
      const after = cursor(request.afterEventId);
      const items = useCases.watchJob(callerOf(context), request.jobId, after, context.signal);
      for await (const item of items) {
        switch (item.kind) {
          case "job":
            if (request.includeJob) {
              yield create(WatchJobResponseSchema, { job: protoJob(item.job, "without spec") });
            }
            break;
          case "event":
            yield create(WatchJobResponseSchema, { event: protoEvent(item.event) });
            break;
          case "truncated":
            yield create(WatchJobResponseSchema, { event: protoTruncated(item) });
            break;
        }
      }
    },

    async listEvents(request, context) {
      const after = cursor(request.afterEventId);
      const types = eventTypes(request.types);
      const page = await useCases.listEvents(callerOf(context), request.jobId, request, after, types);
      const truncated = page.truncated === undefined ? [] : [protoTruncated(page.truncated)];
      return {
        events: [...truncated, ...page.items.map(protoEvent)],
        nextPageToken: page.nextPageToken,
      };
    },

    async listCandidates(request, context) {
      const { jobId, acceptedOnly } = request;
      const page = await useCases.listCandidates(callerOf(context), jobId, request, acceptedOnly);
      return {
        candidates: page.items.map((candidate) => protoCandidate(candidate, "without scores")),
        nextPageToken: page.nextPageToken,
      };
    },

    async getCandidate({ jobId, candidateId }, context) {
      const candidate = await useCases.getCandidate(callerOf(context), jobId, candidateId);
      return { candidate: protoCandidate(candidate, "with scores") };
    },

    async listRollouts(request, context) {
      const { jobId, candidateId, exampleId } = request;
      const page = await useCases.listRollouts(callerOf(context), jobId, request, {
        ...(candidateId !== "" && { candidateId }),
        ...(exampleId !== "" && { exampleId }),
      });
      return { rollouts: page.items.map(protoRollout), nextPageToken: page.nextPageToken };
    },

    async getReport({ jobId }, context) {
      const outcome = await useCases.getReport(callerOf(context), jobId);
      return {
        report: protoReport(outcome.report),
        champion: protoCandidateText(outcome.champion),
        bestCandidate: outcome.bestCandidate && protoCandidateText(outcome.bestCandidate),
        artifacts: protoArtifacts(outcome.artifacts),
      };
    },

    async cancelJob(request, context) {
      const { jobId, reason, ifMatch } = request;
      const job = await useCases.cancelJob(callerOf(context), jobId, reason, ifMatch);
      return { job: protoJob(job, "without spec") };
    },

    async stopJob({ jobId }, context) {
      return { job: protoJob(await useCases.stopJob(callerOf(context), jobId), "without spec") };
    },

    async pauseJob({ jobId }, context) {
      return { job: protoJob(await useCases.pauseJob(callerOf(context), jobId), "without spec") };
    },

    async resumeJob({ jobId }, context) {
      return { job: protoJob(await useCases.resumeJob(callerOf(context), jobId), "without spec") };
    },

    async forkJob(request, context) {
      const requestId = idempotencyKey(request.requestId, context.requestHeader);
      const { job, replayed } = await useCases.forkJob(callerOf(context), {
        jobId: request.jobId,
        ...(request.candidateId !== "" && { candidateId: request.candidateId }),
        config: configRequest(request.config),
        budget: budgetRequest(request.budget),
        ...(request.iterations !== undefined && { iterations: request.iterations }),
        ...(request.seed !== undefined && { seed: Number(request.seed) }),
        ...(requestId !== undefined && { requestId }),
        fingerprint: fingerprint(request),
      });
      if (replayed) context.responseHeader.set(REPLAYED_HEADER, "true");
      return { job: protoJob(job, "without spec") };
    },

    async estimateJob(request, context) {
      const spec = specRequest(request.spec);
      const estimate = await useCases.estimateJob(callerOf(context), spec, request.iterations);
      return {
        plan: protoPlan(estimate.plan),
        splits: protoSplits(estimate.splits),
        models: estimate.models.map(protoModelUse),
        warnings: [...estimate.warnings],
        detectableLift: estimate.detectableLift,
      };
    },

    async deleteJob(request, context) {
      await useCases.deleteJob(callerOf(context), request.jobId);
      return {};
    },
  } satisfies ServiceImpl<typeof OptimizationService>;
}
