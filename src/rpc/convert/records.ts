import { create } from "@bufbuild/protobuf";
import { promptText } from "../../domain/spec.ts";
import type { CandidateRecord, RolloutRecord } from "../../jobs/use-cases.ts";
import {
  CandidateSchema,
  RolloutSchema,
  type Candidate as ProtoCandidate,
  type Rollout as ProtoRollout,
} from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { protoLineageEntry } from "./candidate.ts";
import { protoEvaluation } from "./event-data.ts";

/** A candidate. The scores may be thousands, so they are sent only where one candidate was asked for. */
export function protoCandidate(
  candidate: CandidateRecord,
  withScores: "with scores" | "without scores",
): ProtoCandidate {
  return create(CandidateSchema, {
    candidateId: candidate.lineage.candidateId,
    prompt: promptText(candidate.components),
    components: { ...candidate.components },
    lineage: protoLineageEntry(candidate.lineage),
    reason: candidate.reason,
    rationale: candidate.rationale,
    scores: withScores === "with scores" ? { ...candidate.scores } : {},
  });
}

/** One candidate run on one example. */
export function protoRollout(rollout: RolloutRecord): ProtoRollout {
  return create(RolloutSchema, {
    candidateId: rollout.candidateId,
    stage: rollout.stage,
    iteration: rollout.iteration,
    evaluation: protoEvaluation(rollout.evaluation),
  });
}
