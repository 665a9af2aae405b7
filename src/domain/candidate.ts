import type { Components } from "./spec.ts";

/** A prompt that was tried. Ids are "c0" (the seed), "c1", … in the order of writing. */
export interface Candidate {
  readonly id: string;
  readonly components: Components;
  readonly parentIds: readonly string[];
  readonly operator: string;
  readonly iteration: number;
}

/** A candidate's text with its mean validation score, if it has one. */
export interface CandidateText {
  readonly candidateId: string;
  readonly components: Components;
  readonly score?: number;
}

/** A candidate on the front. */
export interface FrontMember {
  readonly candidateId: string;
  readonly score?: number;
  /** n-gram distance from the other members, in [0, 1]. */
  readonly novelty: number;
  /** Validation examples on which nobody is better. */
  readonly wins: number;
  /** What each objective of the job comes to, higher is better; without those that were not measured. */
  readonly objectives?: Readonly<Record<string, number>>;
}

/** Where a candidate came from. */
export interface LineageEntry {
  readonly candidateId: string;
  readonly parentIds: readonly string[];
  readonly operator: string;
  readonly iteration: number;
  readonly accepted: boolean;
  readonly score?: number;
}

/** What the search learnt from a change. */
export interface Lesson {
  readonly id: string;
  readonly text: string;
  readonly iteration: number;
  readonly evidenceExampleIds: readonly string[];
  readonly candidateId: string;
  /** Mean change of the score on the examples the change was tried on. */
  readonly effect?: number;
  readonly status: "active" | "retired";
}
