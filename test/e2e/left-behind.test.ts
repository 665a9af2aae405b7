import { toJson } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterEach, describe, expect, it } from "vitest";
import {
  GetCandidateResponseSchema,
  GetReportResponseSchema,
  ListCandidatesResponseSchema,
  ListRolloutsResponseSchema,
  OptimizationService,
} from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { dataFolder, startApp } from "../support/app.ts";
import { startOpenAiServer } from "../support/openai-server.ts";

const EXAMPLES = Array.from({ length: 20 }, (_, i) => ({
  id: `e${i}`,
  input: `What is ${i} plus ${i + 3}?`,
  ideal: `The sum is ${2 * i + 3}, because ${i} and ${i + 3} make ${2 * i + 3}.`,
}));

interface CandidateJson {
  readonly candidate_id: string;
  readonly prompt: string;
  readonly lineage: { readonly accepted: boolean; readonly score?: number };
  readonly reason: string;
  readonly scores: Readonly<Record<string, number>>;
}

interface RolloutJson {
  readonly candidate_id: string;
  readonly stage: string;
  readonly evaluation: { readonly example_id: string; readonly score?: number; readonly reused: boolean };
}

interface ReportJson {
  readonly report: unknown;
  readonly champion: { readonly candidate_id: string; readonly prompt: string };
  readonly artifacts: { readonly lineage: readonly unknown[] };
}

interface JobJson {
  readonly job_id: string;
  readonly result: { readonly candidate_id: string; readonly prompt: string; readonly report: unknown };
}

interface EventJson {
  readonly type: string;
  readonly data: { readonly budget?: { readonly lines: readonly { name: string; used: number }[] } };
}

const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Starts a service and creates a job; `url` is the job's. */
async function startJob(env: Readonly<Record<string, string>> = {}) {
  const data = await dataFolder();
  cleanUps.push(() => data.remove());
  const app = await startApp(data.path, { env });
  cleanUps.push(() => app.stop());
  const created = await fetch(`${app.url}/v1/optimize?iterations=6`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: "Answer the question.", examples: EXAMPLES, seed: 3 }),
  });
  expect(created.status).toBe(201);
  const { job_id } = (await created.json()) as JobJson;
  const url = `${app.url}/v1/optimize/${job_id}`;
  return { baseUrl: app.url, jobId: job_id, url, get: <T>(path: string) => read<T>(`${url}${path}`) };
}

async function startAndEndJob() {
  const job = await startJob();
  await (await fetch(`${job.url}/events`)).text(); // the stream ends with the job
  return job;
}

async function read<T>(url: string): Promise<T> {
  const answer = await fetch(url);
  expect(answer.status).toBe(200);
  return (await answer.json()) as T;
}

/** All items of a list, three on a page. */
async function allOf<T>(url: string, list: string): Promise<T[]> {
  const items: T[] = [];
  let token = "";
  do {
    const page = await read<Record<string, unknown>>(`${url}/${list}?page_size=3&page_token=${token}`);
    items.push(...(page[list] as T[]));
    token = (page.next_page_token as string | undefined) ?? "";
  } while (token !== "");
  return items;
}

describe("what a finished job left behind", () => {
  it("is one story: candidates, rollouts, report and job agree", async () => {
    const { url, get } = await startAndEndJob();
    const job = await get<JobJson>("");
    const report = await get<ReportJson>("/report");
    const candidates = await allOf<CandidateJson>(url, "candidates");
    const rollouts = await allOf<RolloutJson>(url, "rollouts");
    const { events } = await get<{ events: EventJson[] }>("/log?page_size=1000");

    expect(report.report).toEqual(job.result.report);
    expect(report.champion).toMatchObject({
      candidate_id: job.result.candidate_id,
      prompt: job.result.prompt,
    });
    expect(candidates.map(({ lineage }) => lineage)).toEqual(report.artifacts.lineage);
    expect(candidates.length).toBeGreaterThan(1);
    expect(candidates.filter(({ reason }) => reason === "")).toEqual([]);
    const accepted = await get<{ candidates: CandidateJson[] }>("/candidates?accepted_only=true");
    expect(accepted.candidates).toEqual(candidates.filter(({ lineage }) => lineage.accepted));

    const lines = events.findLast(({ type }) => type === "progress")?.data.budget?.lines;
    expect(rollouts).toHaveLength(lines?.find(({ name }) => name === "metric_calls")?.used ?? 0);
    expect(rollouts.filter(({ evaluation }) => evaluation.reused)).toEqual([]);
  });

  it("has the same scores by candidate as by rollout", async () => {
    const { get } = await startAndEndJob();
    const seed = await get<CandidateJson>("/candidates/c0");
    const { rollouts } = await get<{ rollouts: RolloutJson[] }>("/rollouts?candidate_id=c0&page_size=1000");
    expect(seed).toMatchObject({ prompt: "Answer the question.", lineage: { accepted: true } });
    expect(Object.keys(seed.scores).length).toBeGreaterThan(0);
    expect(seed.scores).toEqual(
      Object.fromEntries(rollouts.map(({ evaluation }) => [evaluation.example_id, evaluation.score])),
    );
  });

  it("is the same over gRPC, gRPC-Web and Connect", async () => {
    const { baseUrl, jobId } = await startAndEndJob();
    const told = [
      createGrpcTransport({ baseUrl }),
      createGrpcWebTransport({ baseUrl, httpVersion: "1.1" }),
      createConnectTransport({ baseUrl, httpVersion: "2" }),
    ].map(async (transport) => {
      const client = createClient(OptimizationService, transport);
      return [
        toJson(ListCandidatesResponseSchema, await client.listCandidates({ jobId })),
        toJson(GetCandidateResponseSchema, await client.getCandidate({ jobId, candidateId: "c0" })),
        toJson(ListRolloutsResponseSchema, await client.listRollouts({ jobId })),
        toJson(GetReportResponseSchema, await client.getReport({ jobId })),
      ];
    });
    const [first, ...others] = await Promise.all(told);
    expect(first?.[2]).toMatchObject({ rollouts: expect.arrayContaining([expect.anything()]) });
    expect(others).toEqual([first, first]);
  });
});

describe("what there is not", () => {
  it("is a report before the end or after a cancel: 409 with what to read instead", async () => {
    const provider = await startOpenAiServer(() => ({ silent: true }));
    cleanUps.push(() => provider.close());
    const { url } = await startJob({ OPENAI_BASE_URL: provider.baseUrl });
    const early = await fetch(`${url}/report`);
    expect(early.status).toBe(409);
    expect(await early.json()).toMatchObject({
      error: {
        code: "invalid_state",
        message: expect.stringContaining("report is there once it has finished"),
      },
    });
    await fetch(url, { method: "DELETE" });
    const late = await fetch(`${url}/report`);
    expect(late.status).toBe(409);
    expect(await late.json()).toMatchObject({
      error: { code: "invalid_state", message: expect.stringContaining("was cancelled and has no report") },
    });
  });

  it("is a candidate that was never written, or anything of an unknown job: 404", async () => {
    const { baseUrl, url } = await startJob();
    const other = `${baseUrl}/v1/optimize/nobodys`;
    const paths = ["candidates", "candidates/c0", "rollouts", "report"].map((path) => `${other}/${path}`);
    for (const path of [`${url}/candidates/c99`, ...paths]) {
      const answer = await fetch(path);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(await answer.json()).toMatchObject({ error: { code: "not_found" } });
    }
  });
});
