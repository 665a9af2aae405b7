import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  GetReportResponseSchema,
  OptimizationService,
} from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import type { CandidateRecord, RolloutRecord } from "../../../src/jobs/use-cases.ts";
import { unsetFields } from "../../support/descriptors.ts";
import { FULL_EVENTS } from "../../support/full-events.ts";
import { startTestServer, TOKEN, type TestServer } from "../../support/rpc-server.ts";

const TRANSPORTS: readonly (readonly [name: string, open: (baseUrl: string) => Transport])[] = [
  ["gRPC", (baseUrl) => createGrpcTransport({ baseUrl })],
  ["gRPC-Web", (baseUrl) => createGrpcWebTransport({ baseUrl, httpVersion: "1.1" })],
  ["Connect", (baseUrl) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
];

const CANDIDATE: CandidateRecord = {
  components: { prompt: "Be kind." },
  lineage: {
    candidateId: "c1",
    parentIds: ["c0"],
    operator: "reflect",
    iteration: 1,
    accepted: true,
    score: 0,
  },
  reason: "It joined the pool.",
  rationale: "It was rude.",
  scores: { e1: 0.5 },
};

const ROLLOUT: RolloutRecord = {
  candidateId: "c1",
  stage: "validation",
  iteration: 1,
  evaluation: {
    exampleId: "e1",
    score: 0.5,
    feedback: "Close.",
    output: "Hi!",
    objectives: {},
    reused: false,
  },
};

/** What the use cases were asked, without the caller. */
let asked: unknown[];
let owners: string[];
let server: TestServer;
beforeEach(async () => {
  asked = [];
  owners = [];
  const seen = (caller: { owner: string }, ...rest: unknown[]) => {
    owners.push(caller.owner);
    asked.push(rest);
  };
  server = await startTestServer({
    useCases: {
      async listCandidates(caller, jobId, { pageSize, pageToken }, acceptedOnly) {
        seen(caller, jobId, pageSize, pageToken, acceptedOnly);
        return { items: [CANDIDATE], nextPageToken: "more" };
      },
      async getCandidate(caller, jobId, candidateId) {
        seen(caller, jobId, candidateId);
        return CANDIDATE;
      },
      async listRollouts(caller, jobId, { pageSize, pageToken }, filter) {
        seen(caller, jobId, pageSize, pageToken, filter);
        return { items: [ROLLOUT], nextPageToken: "more" };
      },
      async getReport(caller, jobId) {
        seen(caller, jobId);
        return FULL_EVENTS.final;
      },
    },
  });
});
afterEach(() => server.close());

describe.each(TRANSPORTS)("what a job left behind, over %s", (_name, open) => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const client = () => createClient(OptimizationService, open(server.url));

  it("lists candidates by page, without their scores by example", async () => {
    const request = { jobId: "j1", pageSize: 7, pageToken: "t", acceptedOnly: true };
    const { candidates, nextPageToken } = await client().listCandidates(request, { headers });
    expect(asked).toEqual([["j1", 7, "t", true]]);
    expect(nextPageToken).toBe("more");
    expect(candidates).toMatchObject([
      { prompt: "Be kind.", lineage: { score: 0, accepted: true }, scores: {} },
    ]);
  });

  it("gives one candidate with its scores", async () => {
    const { candidate } = await client().getCandidate({ jobId: "j1", candidateId: "c1" }, { headers });
    expect(asked).toEqual([["j1", "c1"]]);
    expect(candidate).toMatchObject({ candidateId: "c1", scores: { e1: 0.5 } });
  });

  it("lists rollouts, filtered by what is given and by nothing else", async () => {
    await client().listRollouts({ jobId: "j1", pageSize: 7, pageToken: "t", exampleId: "e1" }, { headers });
    const { rollouts } = await client().listRollouts({ jobId: "j1", candidateId: "c1" }, { headers });
    expect(asked).toEqual([
      ["j1", 7, "t", { exampleId: "e1" }],
      ["j1", 0, "", { candidateId: "c1" }],
    ]);
    expect(rollouts).toMatchObject([{ stage: "validation", evaluation: { score: 0.5, output: "Hi!" } }]);
  });

  it("gives the report with everything in it", async () => {
    const report = await client().getReport({ jobId: "j1" }, { headers });
    expect(unsetFields(GetReportResponseSchema, report)).toEqual([]);
    expect(report).toMatchObject({
      champion: { candidateId: "c1" },
      artifacts: { digests: { spec: "f00d" } },
    });
  });

  it("asks for the caller's own", async () => {
    await client().getReport({ jobId: "j1" }, { headers });
    await client().getReport({ jobId: "j1" });
    expect(owners).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), "anonymous"]);
  });

  it("refuses a page of negative size and an empty id by name", async () => {
    await expect(client().listCandidates({ jobId: "j1", pageSize: -1 }, { headers })).rejects.toThrow(
      /page_size/,
    );
    await expect(client().getCandidate({ jobId: "j1" }, { headers })).rejects.toThrow(/candidate_id/);
    expect(asked).toEqual([]);
  });
});
