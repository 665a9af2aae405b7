import { afterEach, describe, expect, it } from "vitest";
import { createFakeClock, type FakeClock } from "../support/fake-clock.ts";
import { dataFolder, startApp } from "../support/app.ts";
import {
  fenced,
  instructionOf,
  learningProvider,
  type Purpose,
  purposeOf,
} from "../support/learning-provider.ts";
import { type ChatHandler, type OpenAiServer, startOpenAiServer, tooMany } from "../support/openai-server.ts";

const FACT = "the vault opens at noon";
const SEED = "You are a clerk.";
const EXAMPLES = [
  { id: "a", input: "When may I come?", ideal: "At twelve." },
  { id: "b", input: "Is it open in the morning?", ideal: "No." },
  { id: "c", input: "Who has the key?" },
];

const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** Runs one job to its end on a service whose only provider is `handler`; time passes only while the job waits. */
async function runJob(handler: ChatHandler, clock: FakeClock = createFakeClock()) {
  const provider: OpenAiServer = await startOpenAiServer(handler);
  cleanUps.push(() => provider.close());
  const data = await dataFolder();
  cleanUps.push(() => data.remove());
  const app = await startApp(data.path, {
    clock,
    env: { OPENAI_BASE_URL: provider.baseUrl, OPENAI_API_KEY: "sk-scripted-key" },
  });
  cleanUps.push(() => app.stop());

  const created = await fetch(`${app.url}/v1/optimize?iterations=6`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ prompt: SEED, target_model_id: "openai/clerk-1", examples: EXAMPLES }),
  });
  expect(created.status).toBe(201);
  const { job_id } = (await created.json()) as { job_id: string };
  for (;;) {
    const job = (await (await fetch(`${app.url}/v1/optimize/${job_id}`)).json()) as JobJson;
    if (job.ended_at !== undefined) {
      const log = await (await fetch(`${app.url}/v1/optimize/${job_id}/log?page_size=1000`)).json();
      return { job, events: (log as { events: EventJson[] }).events, provider, app };
    }
    await clock.advance(50);
  }
}

interface JobJson {
  readonly status: string;
  readonly ended_at?: number;
  readonly simulated: boolean;
  readonly result: {
    readonly prompt: string;
    readonly candidate_id: string;
    readonly score: number;
    readonly stop_reason: string;
  };
}

interface EventJson {
  readonly id: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

describe("a job against an OpenAI-compatible provider", () => {
  it("learns a fact that stands in no prompt and no input, from the judge's feedback alone", async () => {
    const { job, events } = await runJob(learningProvider(FACT));
    expect([job.status, job.result.stop_reason, job.simulated]).toEqual(["finished", "solved", false]);
    expect(job.result.prompt).toContain(FACT);
    expect(job.result.prompt).toContain(SEED);
    expect(job.result.score).toBe(1);
    const lessons = events
      .filter((e) => e.type === "select")
      .flatMap((e) => e.data.lessons as { text: string }[]);
    expect(lessons.map((lesson) => lesson.text)).toContain("Say what the feedback asks for.");
  });

  it("keeps the seed where the judge scores the other way round", async () => {
    const { job } = await runJob(learningProvider(FACT, { inverted: true }));
    expect(job.status).toBe("finished");
    expect(job.result.prompt).toBe(SEED);
    expect(job.result.candidate_id).toBe("c0");
  });

  it("sends each role what it needs: the user's own examples, the schema, the key, texts fenced as data", async () => {
    const { provider } = await runJob(learningProvider(FACT));
    const made = (purpose: Purpose) => provider.requests.filter((request) => purposeOf(request) === purpose);
    for (const request of provider.requests) {
      expect(request.path).toBe("/v1/chat/completions");
      expect(request.headers.authorization).toBe("Bearer sk-scripted-key");
    }
    const targets = made("target");
    expect(targets.map((r) => r.body.model)).toEqual(targets.map(() => "clerk-1"));
    const seeds = targets.filter((r) => instructionOf(r) === SEED);
    expect(seeds.map((r) => r.body.messages[1]).sort((a, b) => (a!.content < b!.content ? 1 : -1))).toEqual(
      EXAMPLES.map(({ input }) => ({ role: "user", content: input })).sort((a, b) =>
        a.content < b.content ? 1 : -1,
      ),
    );
    const judges = made("judge");
    expect(judges[0]?.body.model).toBe("gpt-5");
    expect(judges[0]?.body.response_format).toMatchObject({
      type: "json_schema",
      json_schema: { strict: true },
    });
    expect(new Set(judges.map((r) => fenced(r, "output")[0]))).toEqual(
      new Set(["I can not say.", `As you know, ${FACT}.`]),
    );
    const [reflection] = made("reflection");
    expect(fenced(reflection!, "current_prompt.prompt")).toEqual([SEED]);
    const inputs = fenced(reflection!, "input");
    expect(EXAMPLES.map((e) => e.input)).toEqual(expect.arrayContaining(inputs));
    expect(inputs.length).toBeGreaterThan(0);
    expect(fenced(reflection!, "output")).toEqual(inputs.map(() => "I can not say."));
    expect(fenced(reflection!, "feedback").every((text) => text.includes(FACT))).toBe(true);
    expect(JSON.stringify(targets.filter((r) => !instructionOf(r).includes(FACT)))).not.toContain(FACT);
  });

  it("waits as long as a 429 asks, and asks again", async () => {
    const learn = learningProvider(FACT);
    const clock = createFakeClock();
    const limited = { content: "", at: 0 };
    const askedAgainAfter: number[] = [];
    const { job } = await runJob((request, nth) => {
      const content = JSON.stringify(request.body.messages);
      if (nth === 1) {
        Object.assign(limited, { content, at: clock.monotonic() });
        return tooMany({ "retry-after": "7" });
      }
      if (content === limited.content) askedAgainAfter.push(clock.monotonic() - limited.at);
      return learn(request);
    }, clock);
    expect(job.result.prompt).toContain(FACT);
    expect(askedAgainAfter).toHaveLength(1);
    expect(askedAgainAfter[0]).toBeGreaterThanOrEqual(7000);
  });

  it("asks a judge that answers garbage again, and counts no garbage as a zero", async () => {
    const learn = learningProvider(FACT);
    const garbled = new Set<string>();
    const { job, events } = await runJob((request) => {
      const content = JSON.stringify(request.body.messages);
      if (purposeOf(request) === "judge" && !garbled.has(content)) {
        garbled.add(content);
        return "I would say: quite good!";
      }
      return learn(request);
    });
    expect(job.result.prompt).toContain(FACT);
    const evaluations = events
      .filter((e) => e.type === "judge")
      .flatMap((e) => e.data.evaluations as { output: string; score?: number }[]);
    expect(garbled.size).toBeGreaterThan(0);
    for (const { output, score } of evaluations) expect(score).toBe(output.includes(FACT) ? 1 : 0);
  });

  it("ends as failed, with the reason and the next step, where the provider refuses the key", async () => {
    const { job, events, app } = await runJob(() => ({
      json: { error: { message: "Incorrect API key sk-scripted-key", code: "invalid_api_key" } },
      status: 401,
    }));
    expect(job.status).toBe("failed");
    expect(events.at(-1)?.type).toBe("failed");
    expect(
      events.filter((e) => e.type === "judge").flatMap((e) => e.data.evaluations as { score?: number }[]),
    ).toSatisfy((evaluations: { score?: number }[]) => evaluations.every((e) => e.score === undefined));
    expect(JSON.stringify(events) + app.logLines.join("\n")).not.toContain("sk-scripted-key");
  });
});
