import { describe, expect, it } from "vitest";
import { CandidateSchema, RolloutSchema } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import type { CandidateRecord } from "../../../src/jobs/use-cases.ts";
import { protoCandidate, protoRollout } from "../../../src/rpc/convert/records.ts";
import { unsetFields } from "../../support/descriptors.ts";
import { FULL_ARTIFACTS, FULL_EVENTS } from "../../support/full-events.ts";

const [LINEAGE] = FULL_ARTIFACTS.lineage;
const [EVALUATION] = FULL_EVENTS.judge.evaluations;
if (LINEAGE === undefined || EVALUATION === undefined) throw new Error("the full events are not full");

const CANDIDATE: CandidateRecord = {
  components: { prompt: "Be kind.", greeting: "Hello" },
  lineage: LINEAGE,
  reason: "It joined the pool.",
  rationale: "It was rude.",
  scores: { e1: 0.5, e2: 0 },
};

describe("a candidate", () => {
  it("loses no field", () => {
    expect(unsetFields(CandidateSchema, protoCandidate(CANDIDATE, "with scores"))).toEqual([]);
  });

  it("has its components as one prompt, in the order of their names", () => {
    expect(protoCandidate(CANDIDATE, "with scores")).toMatchObject({
      candidateId: "c1",
      prompt: "Hello\n\nBe kind.",
    });
  });

  it("has its scores only where they are asked for, a zero among them", () => {
    expect(protoCandidate(CANDIDATE, "with scores").scores).toEqual({ e1: 0.5, e2: 0 });
    expect(protoCandidate(CANDIDATE, "without scores").scores).toEqual({});
  });
});

describe("a rollout", () => {
  it("loses no field", () => {
    const rollout = { candidateId: "c1", stage: "minibatch", iteration: 1, evaluation: EVALUATION } as const;
    expect(unsetFields(RolloutSchema, protoRollout(rollout))).toEqual([]);
  });
});
