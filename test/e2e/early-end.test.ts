import { afterAll, beforeAll, expect, it } from "vitest";
import { dataFolder, startApp, type TestApp } from "../support/app.ts";

let app: TestApp;
let data: Awaited<ReturnType<typeof dataFolder>>;

beforeAll(async () => {
  data = await dataFolder();
  app = await startApp(data.path);
});

afterAll(async () => {
  await app?.stop();
  await data?.remove();
});

interface Told {
  readonly type: string;
  readonly data: {
    readonly stage?: string;
    readonly budget?: { readonly fraction: number };
    readonly timing?: { readonly elapsed_s: number; readonly eta_s?: number };
  };
}

it("shows a job that ended before its budget was used up as through, and waits for nothing more", async () => {
  const created = await fetch(`${app.url}/v1/optimize?iterations=50`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      prompt: "Answer.",
      examples: [{ input: "Name a colour", ideal: "blue" }],
      grader: { contains: {} },
      config: { early_stop_patience: 1 },
    }),
  });
  const { job_id } = (await created.json()) as { readonly job_id: string };
  const stream = await (await fetch(`${app.url}/v1/optimize/${job_id}/events`)).text();
  const events = stream
    .split("\n")
    .filter((line) => line.startsWith("data: "))
    .map((line) => JSON.parse(line.slice("data: ".length)) as Told);
  expect(events.map((e) => e.type)).toContain("early_stop");

  const job = await (await fetch(`${app.url}/v1/optimize/${job_id}`)).json();
  expect(job).toMatchObject({ status: "finished", progress: 1 });
  const list = await (await fetch(`${app.url}/v1/optimize`)).json();
  expect(list).toMatchObject({ jobs: [{ job_id, progress: 1 }] });

  const progress = events.filter((e) => e.type === "progress").map((e) => e.data);
  const last = progress.at(-1);
  expect(last).toMatchObject({ stage: "final", timing: { elapsed_s: expect.any(Number) } });
  expect(last?.timing).not.toHaveProperty("eta_s");
  expect(last?.budget?.fraction).toBeLessThan(1); // what was used of the budget stays what it is
});
