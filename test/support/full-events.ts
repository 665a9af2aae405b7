import type { CandidateText } from "../../src/domain/candidate.ts";
import type { EventBody, EventDataByType, EventType } from "../../src/domain/event.ts";
import type { Artifacts, Report } from "../../src/domain/report.ts";
import type { ModelUse, Spend } from "../../src/domain/spend.ts";

/** Spend of one role with a known price. */
export const FULL_SPEND: Spend = [
  {
    role: "target",
    calls: 3,
    failedCalls: 1,
    inputTokens: 30,
    cachedInputTokens: 10,
    outputTokens: 12,
    costUsd: 0.25,
  },
];

/** A simulated model. */
export const FULL_MODEL: ModelUse = {
  role: "target",
  modelId: "openai/gpt-5-mini",
  servedBy: "demo:target",
  simulated: true,
};

/** A candidate's text with a score. */
export const FULL_TEXT: CandidateText = {
  candidateId: "c1",
  components: { greeting: "Hello", prompt: "Be kind." },
  score: 0.5,
};

/** A report with everything measured. */
export const FULL_REPORT: Report = {
  verdict: "improved",
  explanation: "Better on 9 of 10.",
  measuredOn: "test",
  baselineScore: 0.25,
  championScore: 0.75,
  bestCandidateScore: 0.75,
  lift: 0.5,
  interval: { low: 0.125, high: 0.875, level: 0.95, method: "paired_bootstrap" },
  sampleSize: 10,
  candidatesConsidered: 4,
  noiseFloor: 0.0625,
  detectableLift: 0.3,
  championCharacters: 120,
  seedCharacters: 20,
  stopReason: "iterations",
  notes: ["Simulated."],
  simulated: true,
  spend: FULL_SPEND,
};

const LESSON = {
  id: "l1",
  text: "Name the unit.",
  iteration: 1,
  evidenceExampleIds: ["e1"],
  candidateId: "c1",
  effect: 0.125,
  status: "active",
} as const;

const MEMBER = { candidateId: "c1", score: 0.5, novelty: 0.25, wins: 2, objectives: { brevity: -12 } };

/** Artifacts with one entry of each kind. */
export const FULL_ARTIFACTS: Artifacts = {
  front: [MEMBER],
  lessons: [LESSON],
  lineage: [
    { candidateId: "c1", parentIds: ["c0"], operator: "reflect", iteration: 1, accepted: true, score: 0.5 },
  ],
  digests: { spec: "f00d" },
};

/** Data of every event type with every field set to something other than its default. */
export const FULL_EVENTS: { readonly [T in EventType]: EventDataByType[T] } = {
  started: {
    configDigest: "c0ffee",
    judgeFingerprint: "f00d",
    models: [FULL_MODEL],
    splits: { train: ["e1"], validation: ["e2"], test: ["e3"], policy: "shuffled" },
    plan: {
      iterations: 10,
      proposals: 9,
      metricCalls: 80,
      maxMetricCalls: 100,
      modelCalls: 200,
      tokens: 90_000,
      costUsdLow: 0.5,
      costUsdHigh: 2,
    },
    profile: "reference",
    seed: 2 ** 53 - 1,
    simulated: true,
    warnings: ["Few examples."],
  },
  generate: {
    iteration: 1,
    candidateId: "c1",
    parentIds: ["c0"],
    operator: "reflect",
    components: { prompt: "Be kind." },
    changedComponents: ["prompt"],
    rationale: "It was rude.",
    lessonIds: ["l1"],
    rejectedTexts: [{ operator: "reflect", reason: "duplicate", detail: "It is the parent's." }],
  },
  judge: {
    iteration: 1,
    candidateId: "c1",
    stage: "minibatch",
    evaluations: [
      {
        exampleId: "e1",
        score: 0.5,
        feedback: "Close.",
        output: "Hi!",
        objectives: { brevity: 0.75 },
        reused: true,
        error: { code: "timeout", message: "Too slow." },
        grades: 3,
      },
    ],
    meanScore: 0.5,
  },
  select: {
    iteration: 1,
    candidateId: "c1",
    accepted: true,
    reason: "Better on the minibatch.",
    front: [MEMBER],
    lessons: [LESSON],
  },
  progress: {
    stage: "select",
    iteration: 2,
    bestScore: 0.5,
    bestCandidateId: "c1",
    budget: { lines: [{ name: "iterations", used: 2, total: 10 }], fraction: 0.2 },
    spend: FULL_SPEND,
    timing: { elapsedS: 1.5, etaS: 6 },
  },
  early_stop: { iteration: 4, reason: "plateau", detail: "Nothing better in 3 iterations." },
  paused: { by: "caller", reason: "Lunch." },
  resumed: { by: "service" },
  final: { champion: FULL_TEXT, bestCandidate: FULL_TEXT, report: FULL_REPORT, artifacts: FULL_ARTIFACTS },
  finished: { stopReason: "iterations" },
  failed: { code: "model_unavailable", sentence: "The model does not answer.", nextStep: "Try later." },
  cancelled: { reason: "Enough." },
};

/** The same as event bodies. */
export const FULL_EVENT_BODIES: readonly EventBody[] = Object.entries(FULL_EVENTS).map(
  ([type, data]) => ({ type, data }) as EventBody,
);
