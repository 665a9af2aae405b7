import type { Lesson } from "../domain/candidate.ts";
import { roundScore } from "../domain/round.ts";
import { normalised } from "./constraints.ts";
import { SCORE_EPSILON } from "./standing.ts";
import type { LessonRecord } from "./state.ts";

/** Lessons a proposal is shown: more would crowd out the feedback it is to learn from. */
export const MAX_ACTIVE_LESSONS = 12;
/** A lesson shown this often without helping at least {@link MIN_HELPED} of the time does not hold. */
const TRIAL_PERIOD = 4;
const MIN_HELPED = 0.25;
/** Longest lesson in characters; a lesson is a sentence or two. */
export const MAX_LESSON_CHARACTERS = 600;

/** What a committed proposal says about lessons. */
export interface Finding {
  readonly iteration: number;
  readonly candidateId: string;
  /** What the reflection model says it learnt; empty where it says nothing. */
  readonly text: string;
  readonly evidenceExampleIds: readonly string[];
  /** Mean change of the score that the edit made; absent where it could not be measured. */
  readonly effect?: number;
  /** Lessons the reflection model was shown. */
  readonly shownIds: readonly string[];
}

/** The journal after a finding, and the lessons that are new or changed. */
export interface Journal {
  readonly lessons: readonly LessonRecord[];
  readonly changed: readonly Lesson[];
}

/**
 * Notes what a proposal taught. A lesson is active where its edit helped, and recorded as retired where it did not; the
 * lessons the proposal was shown are credited or charged with its outcome and retired when they do not hold; of too
 * many the least effective one is retired.
 */
export function learn(lessons: readonly LessonRecord[], finding: Finding): Journal {
  const helped = (finding.effect ?? 0) > SCORE_EPSILON;
  const after = lessons.map((lesson): LessonRecord => {
    if (finding.effect === undefined || !finding.shownIds.includes(lesson.id)) return lesson;
    const shown = lesson.shown + 1;
    const credit = lesson.helped + (helped ? 1 : 0);
    const holds = shown < TRIAL_PERIOD || credit / shown >= MIN_HELPED;
    return { ...lesson, shown, helped: credit, status: holds ? lesson.status : "retired" };
  });

  const text = finding.text.trim().slice(0, MAX_LESSON_CHARACTERS);
  if (text !== "" && !after.some((l) => normalised(l.text) === normalised(text))) {
    after.push({
      id: `l${finding.iteration}`,
      text,
      iteration: finding.iteration,
      evidenceExampleIds: finding.evidenceExampleIds,
      candidateId: finding.candidateId,
      ...(finding.effect === undefined ? {} : { effect: finding.effect }),
      status: helped ? "active" : "retired",
      shown: 0,
      helped: 0,
    });
  }

  const active = after.filter((l) => l.status === "active");
  const weakest = active.reduce<LessonRecord | undefined>(
    (weak, l) => (weak === undefined || (l.effect ?? 0) < (weak.effect ?? 0) ? l : weak),
    undefined,
  );
  const kept = after.map(
    (l): LessonRecord =>
      active.length > MAX_ACTIVE_LESSONS && l === weakest ? { ...l, status: "retired" } : l,
  );
  const statusBefore = new Map(lessons.map((l) => [l.id, l.status]));
  return {
    lessons: kept,
    changed: kept.filter((l) => statusBefore.get(l.id) !== l.status).map(publicLesson),
  };
}

/** The lessons later proposals are shown, oldest first. */
export function activeLessons(lessons: readonly LessonRecord[]): LessonRecord[] {
  return lessons.filter((l) => l.status === "active");
}

/** A lesson without the books kept on it. */
export function publicLesson({ shown: _shown, helped: _helped, ...lesson }: LessonRecord): Lesson {
  return lesson.effect === undefined ? lesson : { ...lesson, effect: roundScore(lesson.effect) };
}
