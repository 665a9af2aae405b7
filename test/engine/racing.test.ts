import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { sha256 } from "../../src/base/digest.ts";
import { believe, mostPromising } from "../../src/engine/belief.ts";
import type { EngineEvent } from "../../src/domain/event.ts";
import { loadState } from "../../src/engine/state.ts";
import { createWorld, dataOf, evaluationsOf, play, type WorldOptions } from "../support/scripted-world.ts";

/**
 * A world in which some edits help a little, some hurt, and every score is noisy: what a candidate scores is decided by
 * its text and the example.
 */
function noisyWorld(options: WorldOptions) {
  const world = createWorld({
    ...options,
    reflect: (request) => {
      const text = request.messages.map((m) => m.content).join("\n");
      const edit = sha256(text).slice(0, 8);
      return JSON.stringify({
        components: { prompt: `Answer the question. Variant ${edit}.` },
        rationale: "",
        lesson: "",
      });
    },
  });
  const chance = (text: string) => Number.parseInt(sha256(text).slice(0, 8), 16) / 16 ** 8;
  const { target, grader } = world.ports;
  return {
    ...world,
    ports: {
      ...world.ports,
      target: {
        ...target,
        call: async (...args: Parameters<typeof target.call>) => {
          const answer = await target.call(...args);
          const [system, user] = args[0].messages;
          return { ...answer, text: `${system?.content} / ${user?.content}` };
        },
      },
      grader: {
        ...grader,
        grade: async ({ output }: { readonly output: string }) => {
          const quality = 0.3 + 0.4 * chance(output.split(" / ")[0] ?? "");
          return { score: Number(chance(output) < quality), feedback: "Hm.", objectives: {} };
        },
      },
    },
  };
}

const worlds = fc.record({
  examples: fc.integer({ min: 60, max: 120 }),
  width: fc.constantFrom(1, 2, 8, 16),
  maxIterations: fc.integer({ min: 4, max: 14 }),
  maxMetricCalls: fc.option(fc.integer({ min: 150, max: 600 }), { nil: undefined }),
  seed: fc.nat(1000),
});
type Shape = typeof worlds extends fc.Arbitrary<infer T> ? T : never;

function optionsOf({ examples, width, maxIterations, maxMetricCalls, seed }: Shape): WorldOptions {
  return {
    examples,
    spec: { seed },
    config: { width },
    budget: { maxIterations, ...(maxMetricCalls === undefined ? {} : { maxMetricCalls }) },
  };
}

describe("racing", () => {
  it("decides the same at every width whatever the latencies, and from any checkpoint on", async () => {
    await fc.assert(
      fc.asyncProperty(
        worlds,
        fc.array(fc.nat(9), { minLength: 5, maxLength: 5 }),
        fc.nat(),
        async (shape, turns, pick) => {
          const whole = await play(noisyWorld(optionsOf(shape)));
          let call = 0;
          const latency = () => turns[call++ % turns.length] ?? 0;
          const slow = await play(noisyWorld({ ...optionsOf(shape), latency }));
          expect(slow.steps).toEqual(whole.steps);
          const checkpoints = whole.steps.flatMap((s, i) => (s.kind === "checkpoint" ? [{ i, s }] : []));
          const from = checkpoints[pick % checkpoints.length];
          const rest = await play(noisyWorld(optionsOf(shape)), from?.s.state);
          expect(rest.steps).toEqual(whole.steps.slice((from?.i ?? 0) + 1));
          expect(rest.outcome).toEqual(whole.outcome);
        },
      ),
      { numRuns: 16 },
    );
  });

  it("books exactly what was run, never twice and never above the limit, and knows no score without a rollout", async () => {
    await fc.assert(
      fc.asyncProperty(worlds, async (shape) => {
        const world = noisyWorld(optionsOf(shape));
        const recording = await play(world);
        const keys = world.rollouts.map((r) => JSON.stringify([r.prompt, r.input]));
        const paid = evaluationsOf(recording).filter((e) => !e.reused).length;
        expect(new Set(keys).size).toBe(keys.length);
        expect(keys.length).toBeLessThanOrEqual(shape.maxMetricCalls ?? Number.POSITIVE_INFINITY);
        // What was in flight when the search stopped was run, but is told as spend only.
        expect(paid).toBeLessThanOrEqual(keys.length);
        expect(paid).toBe(
          dataOf(recording, "progress")
            .at(-1)
            ?.budget.lines.find((l) => l.name === "metric_calls")?.used,
        );
        const run = new Set(keys.map((k) => (JSON.parse(k) as [string, string]).join(" / ")));
        expect(evaluationsOf(recording).every((e) => e.score === undefined || run.has(e.output))).toBe(true);
      }),
      { numRuns: 16 },
    );
  });

  it("pauses candidates after a part of the validation and says so, runs some on, and lets only whole ones lead", async () => {
    const recording = await play(
      noisyWorld({ examples: 120, budget: { maxIterations: 40, maxMetricCalls: 900 } }),
    );
    const { splits } = dataOf(recording, "started")[0] ?? {};
    const reasons = dataOf(recording, "select").map((s) => s.reason);
    const joined = reasons.filter((r) => r.includes("joined the pool"));
    expect(joined.some((r) => /on \d+ of \d+ validation examples/.test(r))).toBe(true);
    expect(reasons.some((r) => r.includes("promises most and was run on"))).toBe(true);
    expect(reasons.some((r) => r.startsWith("Budget is left, so"))).toBe(true);
    const known = new Map<string, Set<string>>();
    let led: string[] = [];
    for (const event of recording.events as readonly EngineEvent[]) {
      if (event.type === "judge") {
        const seen = known.get(event.data.candidateId) ?? new Set();
        for (const e of event.data.evaluations) seen.add(e.exampleId);
        known.set(event.data.candidateId, seen);
      }
      if (event.type === "progress" && event.data.stage === "select")
        led = [...led, event.data.bestCandidateId];
    }
    expect(led.length).toBeGreaterThan(10);
    for (const id of new Set(led)) {
      expect(splits?.validation.filter((v) => !known.get(id)?.has(v))).toEqual([]);
    }
  });

  it("says what was scored in means", async () => {
    const world = createWorld({ examples: 120, facts: 6, factsPerEdit: 1, budget: { maxIterations: 12 } });
    const told = dataOf(await play(world), "select").flatMap(({ reason }) =>
      [...(/scored ([\d.]+) against ([\d.]+) of/g.exec(reason)?.slice(1) ?? [])].map(Number),
    );
    expect(told.length).toBeGreaterThan(10);
    expect(Math.max(...told)).toBeLessThanOrEqual(1);
  });

  it("runs nobody on but whoever promises most, and where proposals go side by side only a block in five commits unless it is flawless so far", async () => {
    for (const width of [1, 8]) {
      const recording = await play(
        noisyWorld({ examples: 120, config: { width }, budget: { maxIterations: 40, maxMetricCalls: 900 } }),
      );
      const { splits } = dataOf(recording, "started")[0] ?? {};
      const states = recording.steps.flatMap((s) => (s.kind === "checkpoint" ? [loadState(s.state)] : []));
      const heats = states.flatMap((after, i) => {
        const before = states[i - 1];
        return before && after.blocks > before.blocks ? [{ before, after }] : [];
      });
      expect(heats.length).toBeGreaterThan(1);
      for (const { before, after } of heats) {
        const best = mostPromising(believe(before.pool, splits?.validation ?? []));
        const grown = after.pool.filter(
          (m, i) => Object.keys(m.scores).length > Object.keys(before.pool[i]?.scores ?? {}).length,
        );
        expect(grown.map((m) => m.id)).toEqual([best]);
        const known = before.pool.find((m) => m.id === best)?.scores ?? {};
        const isFlawless = splits?.validation.every((id) => (known[id] ?? 1) === 1);
        expect(width === 1 || isFlawless || before.blocks * 5 <= before.commits).toBe(true);
      }
    }
  });

  it("does not make a candidate wait that was perfect so far, however many proposals are under way", async () => {
    for (const width of [1, 8]) {
      const recording = await play(
        createWorld({ examples: 60, facts: 1, config: { width }, budget: { maxIterations: 40 } }),
      );
      expect(dataOf(recording, "early_stop")[0]).toMatchObject({ reason: "solved", iteration: 1 });
    }
  });
});
