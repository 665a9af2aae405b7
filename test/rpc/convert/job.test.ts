import { describe, expect, it } from "vitest";
import { JobSchema, JobStatus as ProtoJobStatus } from "../../../gen/ts/gepa/v1/job_pb.ts";
import { JOB_STATUSES, type Job } from "../../../src/domain/job.ts";
import { jobStatus, protoJob } from "../../../src/rpc/convert/job.ts";
import { unsetFields } from "../../support/descriptors.ts";
import { FULL_MODEL, FULL_REPORT, FULL_SPEND, FULL_TEXT } from "../../support/full-events.ts";
import { aJob, SPEC } from "../../support/jobs.ts";

/** A job with everything set at once, as no real one is. */
const FULL_JOB: Job = aJob("j1", {
  status: "finished",
  requested: "stop",
  parentId: "j0",
  models: [FULL_MODEL],
  progress: { iteration: 3, bestScore: 0.5, bestSoFar: FULL_TEXT, fraction: 0.75, spend: FULL_SPEND },
  result: { champion: FULL_TEXT, bestCandidate: FULL_TEXT, report: FULL_REPORT, stopReason: "plateau" },
  failure: { code: "x", sentence: "It broke.", nextStep: "Mend it." },
  lastEventId: 9,
  revision: 4,
  startedAt: 1_700_000_000_001,
  endedAt: 1_700_000_000_003,
});

describe("protoJob", () => {
  it("loses no field of a job; its spec is tried elsewhere", () => {
    const unset = unsetFields(JobSchema, protoJob(FULL_JOB, "with spec"));
    expect(unset.filter((path) => !path.startsWith("spec."))).toEqual([]);
  });

  it("gives the spec only where it is asked for", () => {
    expect(protoJob(FULL_JOB, "with spec").spec).toMatchObject({ prompt: "Greet the user." });
    expect(protoJob(FULL_JOB, "without spec").spec).toBeUndefined();
  });

  it("keeps milliseconds", () => {
    expect(protoJob(FULL_JOB, "without spec").endedAt).toMatchObject({
      seconds: 1_700_000_000n,
      nanos: 3_000_000,
    });
  });

  it("joins the components of the result in the order of their names, and scores it where it was measured", () => {
    expect(protoJob(FULL_JOB, "without spec").result).toMatchObject({
      prompt: "Hello\n\nBe kind.",
      score: 0.75,
      verdict: "improved",
      stopReason: "plateau",
    });
  });

  it("has an etag that changes with the revision", () => {
    const etags = [4, 5].map((revision) => protoJob({ ...FULL_JOB, revision }, "without spec").etag);
    expect(new Set(etags).size).toBe(2);
  });

  it("is simulated as soon as one model is", () => {
    const models = [{ ...FULL_MODEL, simulated: false }];
    expect(protoJob({ ...FULL_JOB, models }, "without spec").simulated).toBe(false);
    expect(protoJob({ ...FULL_JOB, models: [...models, FULL_MODEL] }, "without spec").simulated).toBe(true);
  });

  it("leaves what a pending job does not have unset", () => {
    const job = protoJob(aJob("j1", { spec: { ...SPEC, budget: { maxIterations: 3 } } }), "without spec");
    expect(job).not.toMatchObject({ result: expect.anything() });
    expect([job.bestScore, job.bestSoFar, job.failure, job.startedAt, job.requested]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      0,
    ]);
  });
});

describe("jobStatus", () => {
  it("is the way back of every status", () => {
    const there = JOB_STATUSES.map((status) => protoJob(aJob("j1", { status }), "without spec").status);
    expect(there.map(jobStatus)).toEqual([...JOB_STATUSES]);
  });

  it("filters by nothing where nothing is said", () => {
    expect(jobStatus(ProtoJobStatus.UNSPECIFIED)).toBeUndefined();
  });
});
