import type { FrontMember, Lesson, LineageEntry } from "./candidate.ts";
import type { StopReason } from "./stop-reason.ts";
import type { Spend } from "./spend.ts";

/** What the data says about the champion against the seed. */
export type Verdict = "improved" | "not_shown" | "worse" | "not_measured";

/** A confidence interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
  readonly level: number;
  readonly method: string;
}

/** What is known about the champion. */
export interface Report {
  readonly verdict: Verdict;
  readonly explanation: string;
  readonly measuredOn: "test" | "in_sample";
  readonly baselineScore?: number;
  readonly championScore?: number;
  /** Where the best candidate is not the champion. */
  readonly bestCandidateScore?: number;
  /** Of the best candidate, which may not be the champion. */
  readonly lift?: number;
  readonly interval?: Interval;
  readonly sampleSize: number;
  readonly candidatesConsidered: number;
  readonly noiseFloor?: number;
  readonly detectableLift?: number;
  readonly championCharacters: number;
  readonly seedCharacters: number;
  readonly stopReason: StopReason;
  readonly notes: readonly string[];
  readonly simulated: boolean;
  readonly spend: Spend;
}

/** What the search leaves behind. */
export interface Artifacts {
  readonly front: readonly FrontMember[];
  readonly lessons: readonly Lesson[];
  readonly lineage: readonly LineageEntry[];
  readonly digests: Readonly<Record<string, string>>;
}
