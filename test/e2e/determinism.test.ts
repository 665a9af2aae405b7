import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createRng } from "../../src/base/rng.ts";
import { dataFolder, startApp } from "../support/app.ts";
import { createFakeClock } from "../support/fake-clock.ts";
import { learningProvider } from "../support/learning-provider.ts";
import { startOpenAiServer } from "../support/openai-server.ts";

const FACT = "refunds take nine days";
const EXAMPLES = Array.from({ length: 16 }, (_, i) => ({ id: `e${i}`, input: `Question ${i} about money?` }));

const cleanUps: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

/** What the same job decides when each answer takes a random number of turns of the event loop. */
async function decisionsUnder(latencySeed: number) {
  const rng = createRng({ seed: latencySeed });
  const learn = learningProvider(FACT);
  let inFlight = 0;
  let mostInFlight = 0;
  const provider = await startOpenAiServer(async (request) => {
    mostInFlight = Math.max(mostInFlight, ++inFlight);
    for (let turns = rng.below(12); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
    inFlight--;
    return learn(request);
  });
  cleanUps.push(() => provider.close());
  const data = await dataFolder();
  cleanUps.push(() => data.remove());
  const clock = createFakeClock();
  const app = await startApp(data.path, {
    clock,
    env: { OPENAI_BASE_URL: provider.baseUrl, MODEL_CONCURRENCY: "8" },
  });
  cleanUps.push(() => app.stop());

  const created = await fetch(`${app.url}/v1/optimize?iterations=3`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      prompt: "You are a clerk.",
      target_model_id: "clerk-1",
      examples: EXAMPLES,
      config: { width: 4 },
      seed: 5,
    }),
  });
  const { job_id } = (await created.json()) as { job_id: string };
  const url = `${app.url}/v1/optimize/${job_id}`;
  while (((await (await fetch(url)).json()) as { ended_at?: number }).ended_at === undefined)
    await clock.advance(20);
  const log = (await (await fetch(`${url}/log?page_size=1000`)).json()) as {
    events: Record<string, unknown>[];
  };
  return {
    mostInFlight,
    decisions: log.events.map(({ id, type, data: d }) => ({ id, type, data: withoutExempt(d) })),
  };
}

/** The data without what determinism exempts: `spend` and `timing`, wherever they stand. */
function withoutExempt(data: unknown): unknown {
  return JSON.parse(
    JSON.stringify(data, (key, value) => (key === "spend" || key === "timing" ? undefined : value)),
  );
}

/** Four whole services run one after the other; on a busy machine that takes a while. */
const LIMIT_MS = 120_000;

describe("a job with eight calls in flight", { timeout: LIMIT_MS }, () => {
  it("records the same events in the same order, however long each answer takes", async () => {
    const first = await decisionsUnder(0);
    expect(first.mostInFlight).toBeGreaterThan(1);
    expect(first.mostInFlight).toBeLessThanOrEqual(8);
    expect(first.decisions.at(-1)?.type).toBe("finished");
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (latencySeed) => {
        expect((await decisionsUnder(latencySeed)).decisions).toEqual(first.decisions);
      }),
      { numRuns: 3 },
    );
  });
});
