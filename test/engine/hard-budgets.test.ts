import { expect, it } from "vitest";
import fc from "fast-check";
import { sha256 } from "../../src/base/digest.ts";
import { unfence } from "../../src/domain/fence.ts";
import type { Budget } from "../../src/domain/spec.ts";
import { createGrader } from "../../src/graders/registry.ts";
import { type Model, ModelError, type ModelRequest, type Price } from "../../src/models/model.ts";
import { createWorld, dataOf, evaluationsOf, play } from "../support/scripted-world.ts";

/** What the models themselves counted. */
interface Truth {
  metricCalls: number;
  modelCalls: number;
  tokens: number;
  costUsd: number;
  /** Tokens that may have been billed for calls nobody waited for, and were not. */
  unseen: number;
}

/** How badly the world behaves: shares of calls. */
interface Weather {
  readonly targetFails: number;
  readonly reflectionFails: number;
  readonly judgeFails: number;
  readonly judgeBabbles: number;
  /** Of a grade, what is up to the judge's mood. */
  readonly judgeMood: number;
  /** Of its output cap, what an answer takes at most. */
  readonly wordiness: number;
}

const PRICE: Price = { inputPerMTok: 1, cachedInputPerMTok: 1, outputPerMTok: 8 };
const DIGITS = 12;

/** A number in [0, 1) that is decided by a request. */
function chance(salt: string, request: ModelRequest): number {
  const text = salt + request.sampleIndex + request.messages.map((m) => m.content).join("\n");
  return Number.parseInt(sha256(text).slice(0, DIGITS), 16) / 16 ** DIGITS;
}

/** Tokens of a request that the engine can not know to be none: the form of the chat, and the schema of the answer. */
const unseenTokens = ({ responseSchema }: ModelRequest) =>
  64 + (responseSchema ? JSON.stringify(responseSchema).length : 0);

/**
 * A model that fails now and then, and bills as much as a provider could: a token for every byte it reads, and all it was
 * allowed to write where it was not waited for.
 */
function metered(model: Model, fails: number, weather: Weather, truth: Truth): Model {
  return {
    ...model,
    price: PRICE,
    async call(request, signal) {
      truth.modelCalls++;
      if (model.id === "test/target") truth.metricCalls++;
      const inputTokens = request.messages.reduce((sum, m) => sum + Buffer.byteLength(m.content), 0);
      const bill = (outputTokens: number) => {
        const costUsd = (inputTokens * PRICE.inputPerMTok + outputTokens * PRICE.outputPerMTok) / 1e6;
        truth.tokens += inputTokens + outputTokens;
        truth.costUsd += costUsd;
        return costUsd;
      };
      const luck = chance(`${model.id} fails`, request);
      if (luck < fails / 2) throw new ModelError("rate_limited", "429");
      if (luck < fails) {
        bill(request.maxTokens);
        truth.unseen += unseenTokens(request);
        throw new ModelError("timeout", "no answer");
      }
      const { text } = await model.call(request, signal);
      const most = Math.floor(request.maxTokens * weather.wordiness);
      const outputTokens = Math.ceil(chance("length", request) * most);
      const costUsd = bill(outputTokens);
      return {
        text,
        finishReason: "stop",
        usage: { inputTokens, cachedInputTokens: 0, outputTokens },
        costUsd,
      };
    },
  };
}

/** A judge that sees in the output whether it is right, and sometimes says nothing of use. */
function judgeModel(weather: Weather): Model {
  return {
    id: "test/judge",
    servedBy: "test:judge",
    simulated: false,
    async call(request) {
      const parts = unfence(request.messages.at(-1)?.content ?? "");
      const output = parts.find((p) => p.label === "output")?.text ?? "";
      const question = Number(/question (\d+)/.exec(output)?.[1] ?? 0);
      const right = output.startsWith("right") ? 1 : 0;
      const score = right + weather.judgeMood * (chance("mood", request) - right);
      const text =
        chance("babbles", request) < weather.judgeBabbles
          ? "I would rather not say."
          : JSON.stringify({ score, feedback: `It must rest on FACT-${question % 7}.`, criteria: {} });
      const usage = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 };
      return { text, finishReason: "stop", usage };
    },
  };
}

const share = (max: number) => fc.double({ min: 0, max, noNaN: true });
const limit = (min: number, max: number) => fc.option(fc.integer({ min, max }), { nil: undefined });
type Limit = ReturnType<typeof limit>;
const weathers: fc.Arbitrary<Weather> = fc.record({
  targetFails: share(0.3),
  reflectionFails: share(0.3),
  judgeFails: share(0.3),
  judgeBabbles: share(0.6),
  judgeMood: fc.constantFrom(0, 0.5, 1),
  wordiness: share(1),
});
/** Jobs within some of these limits. */
const jobs = (limits: Record<"maxMetricCalls" | "maxModelCalls" | "maxTokens" | "maxCostUsd", Limit>) =>
  fc.record({
    examples: fc.integer({ min: 1, max: 40 }),
    width: fc.constantFrom(1, 2, 8, 16),
    minibatchSize: fc.integer({ min: 1, max: 4 }),
    maxIterations: fc.integer({ min: 1, max: 6 }),
    seed: fc.nat(1000),
    weather: weathers,
    graders: fc.integer({ min: 1, max: 2 }),
    maxGrades: fc.integer({ min: 1, max: 5 }),
    components: fc.constantFrom(
      { prompt: "Answer the question." },
      { plan: "Think first.", answer: "Then answer. Say what you know." },
    ),
    ...limits,
  });
/** Limits that end a search early, and limits that leave room to grade an output more than once. */
const configs = fc.oneof(
  jobs({
    maxMetricCalls: limit(1, 150),
    maxModelCalls: limit(1, 500),
    maxTokens: limit(1_000, 30_000_000),
    maxCostUsd: limit(1, 40),
  }),
  jobs({
    maxMetricCalls: limit(100, 500),
    maxModelCalls: limit(1_000, 10_000),
    maxTokens: limit(30_000_000, 300_000_000),
    maxCostUsd: limit(50, 1_000),
  }),
);

it("spends no more than any limit, whatever fails and however often the judge has to be asked, and books the truth", async () => {
  let learnt = 0;
  let regraded = 0;
  await fc.assert(
    fc.asyncProperty(configs, async ({ examples, width, minibatchSize, seed, weather, graders, ...rest }) => {
      const { components, maxGrades, maxIterations, maxMetricCalls, maxModelCalls, maxTokens, maxCostUsd } =
        rest;
      const budget: Budget = {
        maxIterations,
        ...(maxMetricCalls === undefined ? {} : { maxMetricCalls }),
        ...(maxModelCalls === undefined ? {} : { maxModelCalls }),
        ...(maxTokens === undefined ? {} : { maxTokens }),
        ...(maxCostUsd === undefined ? {} : { maxCostUsd }),
      };
      const world = createWorld({
        examples,
        facts: 7,
        spec: { seed, components },
        config: { width, minibatchSize, maxGrades },
        budget,
      });
      const truth: Truth = { metricCalls: 0, modelCalls: 0, tokens: 0, costUsd: 0, unseen: 0 };
      const { target, reflection } = world.ports;
      const judge = metered(judgeModel(weather), weather.judgeFails, weather, truth);
      const parts = Array.from({ length: graders }, (_, i) => ({
        name: `part ${i}`,
        weight: 1,
        grader: { kind: "judge", rubric: `rubric ${i}` } as const,
      }));
      const recording = await play({
        ...world,
        ports: {
          ...world.ports,
          target: metered(target, weather.targetFails, weather, truth),
          reflection: metered(reflection, weather.reflectionFails, weather, truth),
          grader: createGrader({ kind: "multi", graders: parts }, { judge, objectives: [], context: {} }),
        },
      });
      const again = dataOf(recording, "judge").filter((j) => j.stage === "noise_floor");
      const repeats = again.reduce((sum, j) => sum + j.evaluations.length, 0);
      truth.metricCalls += repeats;
      expect(truth.metricCalls).toBeLessThanOrEqual(maxMetricCalls ?? Number.POSITIVE_INFINITY);
      expect(truth.modelCalls).toBeLessThanOrEqual(maxModelCalls ?? Number.POSITIVE_INFINITY);
      expect(truth.tokens).toBeLessThanOrEqual(maxTokens ?? Number.POSITIVE_INFINITY);
      expect(truth.costUsd).toBeLessThanOrEqual(maxCostUsd ?? Number.POSITIVE_INFINITY);

      const [final] = dataOf(recording, "final");
      const isWhole = final !== undefined && !final.report.notes.join().includes("under way when");
      const lines = dataOf(recording, "progress").at(-1)?.budget.lines ?? [];
      const used = Object.fromEntries(lines.map((l) => [l.name, l.used]));
      // A run that failed, or dropped proposals, books what it knew of: less than the truth, never more.
      const least = isWhole ? 1 : 0;
      for (const [name, real, unseen] of [
        ["model_calls", truth.modelCalls, 0],
        ["tokens", truth.tokens, truth.unseen],
        ["cost_usd", truth.costUsd, (truth.unseen * PRICE.inputPerMTok) / 1e6],
      ] as const) {
        const told = used[name] ?? real;
        expect(told).toBeLessThanOrEqual((real + unseen) * (1 + 1e-9));
        expect(told).toBeGreaterThanOrEqual(least * real * (1 - 1e-9));
      }
      if (evaluationsOf(recording).some((e) => (e.grades ?? 1) > 1)) regraded++;
      learnt += dataOf(recording, "select").filter((s) => s.accepted && s.iteration > 0).length;
    }),
    { numRuns: 1_000 },
  );
  expect(learnt).toBeGreaterThan(100);
  expect(regraded).toBeGreaterThan(50);
}, 240_000);
