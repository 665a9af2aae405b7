import { type CallOptions, Code, ConnectError, createClient } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { JobRequest, JobStatus } from "../../gen/ts/gepa/v1/job_pb.ts";
import { OptimizationService } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { dataFolder, startApp, type TestApp } from "../support/app.ts";
import { fenced, purposeOf } from "../support/learning-provider.ts";
import { type OpenAiServer, startOpenAiServer } from "../support/openai-server.ts";
import { deferred } from "../support/scripted-model.ts";

/** The service without a judge model, one job at a time, over a provider whose proposals wait for the test. */
let app: TestApp;
let provider: OpenAiServer;
let data: Awaited<ReturnType<typeof dataFolder>>;
let proposals = deferred();

beforeAll(async () => {
  provider = await startOpenAiServer(async (request, nth) => {
    if (purposeOf(request) === "target") return `answer ${nth}`;
    await proposals.promise;
    const before = fenced(request, "current_prompt.prompt")[0] ?? "";
    const components = { prompt: `${before} (${nth})` };
    return JSON.stringify({ components, rationale: "a try", lesson: "none" });
  });
  data = await dataFolder();
  app = await startApp(data.path, {
    dev: false,
    env: {
      API_BEARER_TOKENS: "ada-token,bob-token",
      OPENAI_BASE_URL: provider.baseUrl,
      JUDGE_MODEL_ID: "nobody/serves-this",
      REFLECTION_MODEL_ID: "editor",
      MAX_RUNNING_JOBS: "1",
      RATE_LIMIT_PER_MIN: "0",
    },
  });
});

afterAll(async () => {
  proposals.resolve();
  await app?.stop();
  await provider?.close();
  await data?.remove();
});

beforeEach(() => {
  proposals = deferred();
});

const SPEC = {
  prompt: "You are kind.",
  target_model_id: "clerk",
  grader: { exact: {} },
  examples: [
    { input: "Hello", ideal: "Hi" },
    { input: "Bye", ideal: "Ciao" },
  ],
};

interface RestJob {
  readonly job_id: string;
  readonly status: string;
  readonly requested?: string;
  readonly etag: string;
  readonly parent_job_id?: string;
  readonly iterations: number;
  readonly models: readonly { readonly role: string }[];
  readonly result?: { readonly stop_reason: string; readonly prompt: string };
}

async function rest(method: string, path: string, body?: unknown, headers: Record<string, string> = {}) {
  const { authorization = "Bearer ada-token", ...others } = headers;
  return fetch(`${app.url}${path}`, {
    method,
    headers: {
      authorization,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...others,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function jobOf(response: Response, status = 200): Promise<RestJob> {
  const text = await response.text();
  expect(response.status, text).toBe(status);
  return JSON.parse(text) as RestJob;
}

async function errorOf(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { error: { code: string } }).error.code];
}

const create = async () => jobOf(await rest("POST", "/v1/optimize?iterations=3", SPEC), 201);
const control = (jobId: string, verb: string) => rest("POST", `/v1/optimize/${jobId}/${verb}`);
const read = async (jobId: string) => jobOf(await rest("GET", `/v1/optimize/${jobId}`));

/** Reads a job's event stream up to an event of this type. */
async function until(jobId: string, type: string): Promise<void> {
  const response = await fetch(`${app.url}/v1/optimize/${jobId}/events`, {
    headers: { authorization: "Bearer ada-token" },
  });
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    if (text.includes(`event: ${type}\n`)) return; // which closes the stream
  }
  throw new Error(`no ${type} in ${text}`);
}

/** A job that waits for its first proposal. */
async function runningJob(): Promise<RestJob> {
  const job = await create();
  await until(job.job_id, "select"); // the seed is scored
  return job;
}

describe("job control over REST", () => {
  it("pauses, resumes and stops a run, and shows each wish until it is done", async () => {
    const { job_id, models } = await runningJob();
    expect(models.map(({ role }) => role)).toEqual(["target", "reflection"]);
    const before = await read(job_id);
    const asked = await jobOf(await control(job_id, "pause"));
    expect(asked).toMatchObject({ status: "running", requested: "pause" });
    expect(asked.etag).not.toBe(before.etag);
    proposals.resolve();
    await until(job_id, "paused");
    const paused = await read(job_id);
    expect(paused.status).toBe("paused");
    expect(paused).not.toHaveProperty("requested");

    proposals = deferred();
    expect((await jobOf(await control(job_id, "resume"))).status).toBe("pending");
    await until(job_id, "resumed");
    await jobOf(await control(job_id, "stop"));
    const twice = await jobOf(await control(job_id, "stop"));
    expect(twice.requested).toBe("stop");
    proposals.resolve();
    await until(job_id, "finished");
    expect((await read(job_id)).result?.stop_reason).toBe("stopped");
  });

  it("pauses a job that waits for its turn at once, and refuses to stop it, for it never ran", async () => {
    const first = await runningJob();
    const { job_id } = await create();
    expect(await errorOf(await control(job_id, "stop"))).toEqual([409, "invalid_state"]);
    expect((await jobOf(await control(job_id, "pause"))).status).toBe("paused");
    await until(job_id, "paused");
    expect((await jobOf(await control(job_id, "resume"))).status).toBe("pending");
    await jobOf(await rest("DELETE", `/v1/optimize/${first.job_id}`));
    await jobOf(await rest("DELETE", `/v1/optimize/${job_id}`));
  });

  it("forks a job in whatever state, once for each key", async () => {
    const parent = await runningJob();
    const headers = { "idempotency-key": "fork-1" };
    const path = `/v1/optimize/${parent.job_id}/fork`;
    const response = await rest("POST", path, { candidate_id: "c0", iterations: 5 }, headers);
    const fork = await jobOf(response, 201);
    expect(response.headers.get("location")).toBe(`/v1/optimize/${fork.job_id}`);
    expect(fork).toMatchObject({ status: "pending", parent_job_id: parent.job_id, iterations: 5 });
    const again = await rest("POST", path, { candidate_id: "c0", iterations: 5 }, headers);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    expect((await jobOf(again, 201)).job_id).toBe(fork.job_id);
    expect(await errorOf(await rest("POST", path, { iterations: 6 }, headers))).toEqual([
      422,
      "idempotency_mismatch",
    ]);
    const bare = await jobOf(await control(parent.job_id, "fork"), 201);
    expect(bare.iterations).toBe(3);
    for (const { job_id } of [parent, fork, bare]) await rest("DELETE", `/v1/optimize/${job_id}`);
  });

  it("refuses what can not be", async () => {
    const { job_id } = await create();
    await jobOf(await rest("DELETE", `/v1/optimize/${job_id}`));
    for (const verb of ["stop", "pause", "resume"]) {
      expect(await errorOf(await control(job_id, verb)), verb).toEqual([409, "invalid_state"]);
    }
    for (const verb of ["stop", "pause", "resume", "fork"]) {
      expect(await errorOf(await control("nobody", verb)), verb).toEqual([404, "not_found"]);
      const foreign = { authorization: "Bearer bob-token" };
      const response = await rest("POST", `/v1/optimize/${job_id}/${verb}`, undefined, foreign);
      expect(await errorOf(response), verb).toEqual([404, "not_found"]);
    }
    const fork = (body: unknown) => rest("POST", `/v1/optimize/${job_id}/fork`, body);
    expect(await errorOf(await fork({ candidate_id: "c7" }))).toEqual([404, "not_found"]);
    expect(await errorOf(await fork({ job_id: "another" }))).toEqual([400, "bad_request"]);
    expect(await errorOf(await fork({ config: { widht: 2 } }))).toEqual([422, "validation_error"]);
    expect(await errorOf(await rest("POST", `/v1/optimize/${job_id}/stop`, { now: true }))).toEqual([
      400,
      "bad_request",
    ]);
  });

  it("refuses a job whose grader asks the judge that nobody serves", async () => {
    const { grader: _exact, ...judged } = SPEC;
    expect(await errorOf(await rest("POST", "/v1/optimize", judged))).toEqual([422, "model_not_configured"]);
  });
});

describe("job control over the RPC protocols", () => {
  const options: CallOptions = { headers: { authorization: "Bearer ada-token" } };
  for (const [protocol, open] of [
    ["gRPC", () => createGrpcTransport({ baseUrl: app.url })],
    ["gRPC-Web", () => createGrpcWebTransport({ baseUrl: app.url, httpVersion: "1.1" })],
    ["Connect", () => createConnectTransport({ baseUrl: app.url, httpVersion: "1.1" })],
  ] as const) {
    it(`says over ${protocol} what REST says`, async () => {
      const client = createClient(OptimizationService, open());
      const { job_id: jobId } = await runningJob();
      const { job: pausing } = await client.pauseJob({ jobId }, options);
      expect(pausing).toMatchObject({ status: JobStatus.RUNNING, requested: JobRequest.PAUSE });
      const { job: resumed } = await client.resumeJob({ jobId }, options);
      expect(resumed).toMatchObject({ status: JobStatus.RUNNING, requested: JobRequest.UNSPECIFIED });
      const { job: fork } = await client.forkJob(
        { jobId, iterations: 2, budget: { maxTokens: 90_000n } },
        options,
      );
      expect(fork).toMatchObject({ status: JobStatus.PENDING, parentJobId: jobId, iterations: 2 });
      const { job: stopping } = await client.stopJob({ jobId }, options);
      expect(stopping).toMatchObject({ status: JobStatus.RUNNING, requested: JobRequest.STOP });
      const refused = await client.stopJob({ jobId: fork?.jobId ?? "" }, options).catch(ConnectError.from);
      expect(refused).toMatchObject({ code: Code.FailedPrecondition });
      await client.cancelJob({ jobId: fork?.jobId ?? "" }, options);
      proposals.resolve();
      await until(jobId, "finished");
      const { job } = await client.getJob({ jobId }, options);
      expect(job).toMatchObject({ status: JobStatus.FINISHED, result: { stopReason: "stopped" } });
    });
  }
});
