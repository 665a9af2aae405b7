import { create } from "@bufbuild/protobuf";
import type { CandidateText, FrontMember, Lesson, LineageEntry } from "../../domain/candidate.ts";
import { promptText } from "../../domain/spec.ts";
import {
  CandidateTextSchema,
  FrontMemberSchema,
  LessonSchema,
  LineageEntrySchema,
  type CandidateText as ProtoCandidateText,
  type FrontMember as ProtoFrontMember,
  type Lesson as ProtoLesson,
  type LineageEntry as ProtoLineageEntry,
} from "../../../gen/ts/gepa/v1/report_pb.ts";

/** A candidate and its text, as one prompt and by component. */
export function protoCandidateText(text: CandidateText): ProtoCandidateText {
  return create(CandidateTextSchema, {
    candidateId: text.candidateId,
    prompt: promptText(text.components),
    components: { ...text.components },
    score: text.score,
  });
}

/** A candidate on the front. */
export function protoFrontMember(member: FrontMember): ProtoFrontMember {
  return create(FrontMemberSchema, {
    candidateId: member.candidateId,
    score: member.score,
    novelty: member.novelty,
    wins: member.wins,
    objectives: { ...member.objectives },
  });
}

/** What the search learnt from a change. */
export function protoLesson(lesson: Lesson): ProtoLesson {
  return create(LessonSchema, {
    id: lesson.id,
    text: lesson.text,
    iteration: lesson.iteration,
    evidenceExampleIds: [...lesson.evidenceExampleIds],
    candidateId: lesson.candidateId,
    effect: lesson.effect,
    status: lesson.status,
  });
}

/** Where a candidate came from. */
export function protoLineageEntry(entry: LineageEntry): ProtoLineageEntry {
  return create(LineageEntrySchema, {
    candidateId: entry.candidateId,
    parentIds: [...entry.parentIds],
    operator: entry.operator,
    iteration: entry.iteration,
    accepted: entry.accepted,
    score: entry.score,
  });
}
