import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type App, compose } from "../../src/app/compose.ts";
import { type ConfigSources, loadConfig } from "../../src/config/load-config.ts";

const TOKEN = "canary-token";
const SPEC = {
  prompt: "Answer the question.",
  examples: [{ input: "What is a container?", ideal: "Isolated process, shared kernel" }],
};

let folder: string;
let lines: string[];
const running: App[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gepa-app-"));
  lines = [];
});

afterEach(async () => {
  for (const app of running.splice(0)) await app.stop();
  await rm(folder, { recursive: true, force: true });
});

/** The whole service with simulated models that answer at once, on a free port. */
async function start(env: Record<string, string> = {}, flags: ConfigSources["flags"] = { dev: true }) {
  const settings = { PORT: "0", DATA_DIR: folder, DEMO_LATENCY_MS: "0", LOG_LEVEL: "debug", ...env };
  const config = loadConfig({ flags, env: settings, envFile: "", readFile: () => "" });
  const writeLog = (line: string) => void lines.push(line);
  const app = await compose(config, { version: "1.2.3", onBroken: () => undefined, writeLog });
  running.push(app);
  return { app, url: await app.listen() };
}

const bearer = { authorization: `Bearer ${TOKEN}` };
const json = { "content-type": "application/json" };

async function create(url: string, headers: Record<string, string> = {}): Promise<string> {
  const body = JSON.stringify(SPEC);
  const response = await fetch(`${url}/v1/optimize?iterations=2`, {
    method: "POST",
    headers: { ...json, ...headers },
    body,
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { job_id: string }).job_id;
}

/** The whole stream: it ends with the job. */
async function events(url: string, jobId: string, headers: Record<string, string> = {}): Promise<string> {
  return (await fetch(`${url}/v1/optimize/${jobId}/events`, { headers })).text();
}

describe("the composed service", () => {
  it("runs a job from the request to the champion", async () => {
    const { url } = await start();
    const jobId = await create(url);
    expect(await events(url, jobId)).toMatch(/event: finished\n.*\n\n$/);
    const job = await (await fetch(`${url}/v1/optimize/${jobId}`)).json();
    expect(job).toMatchObject({ status: "finished", simulated: true, result: { verdict: "not_measured" } });
  });

  it("shows a finished job's events again after a restart, byte for byte", async () => {
    const first = await start();
    const jobId = await create(first.url);
    const before = await events(first.url, jobId);
    await first.app.stop();
    const second = await start();
    expect(await events(second.url, jobId)).toBe(before);
  });

  it("takes the configured tokens, and keeps them out of its log", async () => {
    const { url } = await start({ API_BEARER_TOKENS: TOKEN }, {});
    const refused = await fetch(`${url}/v1/optimize`);
    expect(refused.status).toBe(401);
    const wrong = await fetch(`${url}/v1/optimize`, { headers: { authorization: "Bearer other" } });
    expect(wrong.status).toBe(401);
    const listed = await fetch(`${url}/v1/optimize?page_token=${TOKEN}`, { headers: bearer });
    expect(listed.status).toBe(422);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.join("")).not.toContain(TOKEN);
  });

  it("answers no web page that was pointed at this machine under another name, over REST and RPC alike", async () => {
    const { url } = await start();
    const status = (path: string, host: string) =>
      new Promise((resolve, reject) => {
        const sent = request(url + path, {
          method: path.startsWith("/v1") ? "GET" : "POST",
          headers: { ...json, host },
        });
        sent.on("response", (answer) => resolve(answer.resume().statusCode)).on("error", reject);
        sent.end(path.startsWith("/v1") ? "" : "{}");
      });
    const { host } = new URL(url);
    for (const path of ["/v1/optimize", "/gepa.v1.OptimizationService/ListJobs"]) {
      expect(await status(path, host)).toBe(200);
      expect(await status(path, "rebound.example")).toBe(403);
    }
  });

  it("looks at the token before it looks at the request", async () => {
    const { url } = await start({ API_BEARER_TOKENS: TOKEN }, {});
    const request = { method: "POST", headers: json, body: "{" };
    expect((await fetch(`${url}/v1/optimize`, request)).status).toBe(401);
    const known = { ...request, headers: { ...json, ...bearer } };
    expect((await fetch(`${url}/v1/optimize`, known)).status).toBe(422);
  });

  const callers: [env: Record<string, string>, token: string | undefined, status: number][] = [
    [{ REQUIRE_AUTH: "false" }, undefined, 200],
    [{ REQUIRE_AUTH: "false" }, "anything", 200],
    [{ REQUIRE_AUTH: "false", API_BEARER_TOKENS: TOKEN }, undefined, 200],
    [{ REQUIRE_AUTH: "false", API_BEARER_TOKENS: TOKEN }, "anything", 401],
    [{ REQUIRE_AUTH: "false", API_BEARER_TOKENS: TOKEN }, TOKEN, 200],
    [{}, undefined, 401],
    [{}, "anything", 401],
  ];
  for (const [env, token, status] of callers) {
    it(`answers ${token ?? "no token"} with ${status} under ${JSON.stringify(env)}`, async () => {
      const { url } = await start(env, {});
      const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
      expect((await fetch(`${url}/v1/optimize`, { headers })).status).toBe(status);
    });
  }

  it("refuses a job where no provider is configured, naming the variable to set", async () => {
    const { url, app } = await start({ API_BEARER_TOKENS: TOKEN }, {});
    const request = { method: "POST", headers: { ...json, ...bearer }, body: JSON.stringify(SPEC) };
    const response = await fetch(`${url}/v1/optimize`, request);
    expect(response.status).toBe(422);
    const { error } = (await response.json()) as { error: { code: string; message: string } };
    expect(error.code).toBe("model_not_configured");
    expect(error.message).toContain("OPENAI_API_KEY");
    expect(app.models.map((m) => m.missing)).toEqual(
      Array(3).fill(expect.stringContaining("OPENAI_API_KEY")),
    );
  });

  it("counts under every metric's own labels what a job does", async () => {
    const { url } = await start();
    await events(url, await create(url));
    const metrics = (await (await fetch(`${url}/v1/metricsz`)).json()) as Record<string, unknown>;
    expect(metrics).toMatchObject({
      sse_clients: 0,
      gepa_jobs_created_total: 1,
      gepa_job_transitions_total: { "to=finished": 1 },
      gepa_events_appended_total: { "type=started": 1, "type=finished": 1 },
    });
    const labelled = Object.entries(metrics).filter(([name]) =>
      /requests_total|model_(calls|tokens)_total/.test(name),
    );
    const labels = labelled.map(([name, samples]) => [name, Object.keys(samples as object)[0]]);
    expect(Object.fromEntries(labels)).toEqual({
      gepa_requests_total: expect.stringMatching(/^code=\w+,method=gepa\.v1\.\w+\/\w+,protocol=rest$/),
      gepa_model_calls_total: expect.stringMatching(/^outcome=\w+,role=\w+$/),
      gepa_model_tokens_total: expect.stringMatching(/^kind=\w+,role=\w+$/),
    });
  });

  it("says where the data folder is in use by another service", async () => {
    await start();
    await expect(start()).rejects.toThrow(/Another server uses this data directory/);
  });
});
