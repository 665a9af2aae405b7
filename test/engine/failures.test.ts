import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { roundScore } from "../../src/domain/round.ts";
import type { EngineEvent } from "../../src/domain/event.ts";
import { MAX_CONSECUTIVE_FAILURES } from "../../src/engine/breaker.ts";
import { MAX_UNMADE } from "../../src/engine/stop.ts";
import { ModelError } from "../../src/models/model.ts";
import {
  componentsAsked,
  copyFacts,
  createWorld,
  dataOf,
  evaluationsOf,
  play,
  unavailable,
} from "../support/scripted-world.ts";

describe("a failed call", () => {
  it("is a missing score with its error, never a zero", async () => {
    const failing = new ModelError("timeout", "No answer in 60 s.");
    const world = createWorld({
      examples: 6,
      targetFails: (_prompt, input) => (input === "question 4" ? failing : undefined),
    });
    const recording = await play(world);
    const failed = evaluationsOf(recording).filter((e) => e.error);
    expect(failed.length).toBeGreaterThan(0);
    for (const evaluation of failed) {
      expect(evaluation).toMatchObject({
        exampleId: "e4",
        error: { code: "timeout", message: "No answer in 60 s." },
      });
      expect(evaluation).not.toHaveProperty("score");
    }
    expect(recording.outcome).toMatchObject({
      kind: "finished",
      result: { champion: { score: 1 }, report: { sampleSize: 5 } },
    });
  });

  it("never lowers the score of a candidate, and never decides against one", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 4, max: 20 }),
        fc.array(fc.boolean(), { minLength: 31, maxLength: 31 }),
        async (examples, broken) => {
          const fails = (prompt: string, input: string) => {
            const slot = (prompt.length * 7 + input.length + Number(input.split(" ")[1])) % broken.length;
            return broken[slot] && slot % 4 === 0 ? unavailable() : undefined;
          };
          const recording = await play(createWorld({ examples, facts: 3, targetFails: fails }));
          for (const { evaluations, meanScore } of dataOf(recording, "judge")) {
            const scores = evaluations.flatMap((e) => e.score ?? []);
            const mean = scores.reduce((a, b) => a + b, 0) / scores.length;
            expect(meanScore ?? Number.NaN).toEqual(roundScore(mean));
          }
        },
      ),
      { numRuns: 20 },
    );
  });

  it("is not tried again for the same prompt and example", async () => {
    const world = createWorld({
      examples: 6,
      facts: 6,
      config: { minibatchSize: 2 },
      targetFails: (_prompt, input) => (input === "question 2" ? unavailable() : undefined),
    });
    await play(world);
    const pairs = world.rollouts.map((r) => JSON.stringify(r));
    expect(new Set(pairs).size).toBe(pairs.length);
  });

  it("beside answers that are all right leaves nothing to learn, and no reflection is paid", async () => {
    const split = (name: "train" | "validation", size: number) =>
      Array.from({ length: size }, (_, i) => ({ id: `${name}${i}`, input: `${name} ${i}`, split: name }));
    const failing = ["train 3", "train 7", "validation 2"];
    const world = createWorld({
      // The seed knows the one fact there is; validation is never complete, so that the search goes on.
      spec: {
        examples: [...split("train", 12), ...split("validation", 6)],
        components: { prompt: "FACT-0" },
      },
      facts: 1,
      targetFails: (_prompt, input) => (failing.includes(input) ? unavailable() : undefined),
    });
    const recording = await play(world);
    expect(world.reflections).toEqual([]);
    const [proposal] = dataOf(recording, "select").slice(1);
    expect(proposal).toMatchObject({ iteration: 1, candidateId: "", accepted: false });
    expect(proposal?.reason).toContain("right wherever it could be run");
    expect(recording.outcome.kind).toBe("finished");
  });
});

describe("an outage", () => {
  it("before the seed has any score fails the job with the provider's failure and a next step", async () => {
    const recording = await play(createWorld({ examples: 4, targetFails: unavailable }));
    expect(recording.outcome).toEqual({
      kind: "failed",
      failure: {
        code: "model_unavailable",
        sentence: "The target model could not be used: The provider answered 503.",
        nextStep: expect.stringContaining("provider") as string,
      },
    });
    expect(recording.events.at(-1)?.type).toBe("judge");
  });

  it("in the middle fails the job after enough failures in a row, whatever was found before", async () => {
    let calls = 0;
    const world = createWorld({
      examples: 60,
      facts: 8,
      factsPerEdit: 1,
      config: { minibatchSize: 3 },
      budget: { maxIterations: 30 },
      targetFails: () => (++calls > 30 ? unavailable() : undefined),
    });
    const recording = await play(world);
    expect(recording.outcome).toMatchObject({ kind: "failed", failure: { code: "model_unavailable" } });
    expect(calls).toBeLessThanOrEqual(30 + MAX_CONSECUTIVE_FAILURES + world.ports.concurrency);
  });

  it("of the access itself fails the job at once", async () => {
    const codes = { auth: "model_auth", not_found: "model_not_found", quota: "model_quota" } as const;
    for (const [failure, code] of Object.entries(codes)) {
      const world = createWorld({
        examples: 30,
        concurrency: 1,
        targetFails: () => new ModelError(failure as keyof typeof codes, "Refused."),
      });
      const recording = await play(world);
      expect(recording.outcome).toMatchObject({ kind: "failed", failure: { code } });
      expect(world.rollouts).toHaveLength(1);
    }
  });

  it("of the reflection model fails the job too, and blames no prompt", async () => {
    const recording = await play(
      createWorld({
        examples: 4,
        reflectionFails: () => new ModelError("auth", "The key was refused."),
      }),
    );
    expect(recording.outcome).toMatchObject({
      kind: "failed",
      failure: { code: "model_auth", sentence: expect.stringContaining("reflection model") as string },
    });
  });

  it("that met a run aside is no outage any more when the search is over", async () => {
    const options = { examples: 60, facts: 3, concurrency: 8, config: { width: 2 } };
    const [started] = dataOf(await play(createWorld(options)), "started");
    const testInputs = started?.splits.test.map((id) => id.replace("e", "question "));
    let failures = 0;
    const world = createWorld({
      ...options,
      targetFails: (_prompt, input) =>
        testInputs?.includes(input) && failures++ === 0 ? new ModelError("auth", "Refused.") : undefined,
    });
    const recording = await play(world);
    expect(failures).toBeGreaterThan(1);
    expect(recording.outcome).toMatchObject({ kind: "finished", result: { report: { measuredOn: "test" } } });
  });

  it("during the final test leaves what was found, reported as not measured", async () => {
    let calls = 0;
    const world = createWorld({
      examples: 20,
      facts: 1,
      concurrency: 1,
      targetFails: () => (++calls > 20 ? new ModelError("auth", "Refused.") : undefined),
    });
    const recording = await play(world);
    expect(recording.outcome).toMatchObject({
      kind: "finished",
      result: {
        champion: { candidateId: "c1" },
        report: { verdict: "not_measured", measuredOn: "in_sample" },
      },
    });
  });
});

describe("a reflection answer", () => {
  const answers: Record<string, string> = {
    "is no JSON": "I would add more detail.",
    "has no components": '{"rationale":"x"}',
    "lacks the text": '{"components":{},"rationale":"x","lesson":""}',
    "changes nothing": '{"components":{"prompt":"  answer the QUESTION. "},"rationale":"x","lesson":""}',
    "is empty": '{"components":{"prompt":" "},"rationale":"x","lesson":""}',
  };
  for (const [name, bad] of Object.entries(answers)) {
    it(`that ${name} is told so and gets one more try`, async () => {
      let asked = 0;
      const world = createWorld({ reflect: (request) => (asked++ === 0 ? bad : copyFacts(request)) });
      const recording = await play(world);
      const [first, second] = world.reflections;
      expect([first?.sampleIndex, second?.sampleIndex]).toEqual([0, 1]);
      expect(second?.messages.at(-1)?.content).toContain("could not be used");
      const [, child] = dataOf(recording, "generate");
      expect(child?.rejectedTexts).toHaveLength(1);
      expect(recording.outcome).toMatchObject({ kind: "finished", result: { champion: { score: 1 } } });
    });
  }

  it("that never comes out right costs iterations, says why, and ends the job without progress", async () => {
    const world = createWorld({ reflect: () => "no", budget: { maxIterations: 50 } });
    const recording = await play(world);
    const selects = dataOf(recording, "select").slice(1);
    expect(selects).toHaveLength(MAX_UNMADE);
    expect(selects.every((s) => !s.accepted && s.candidateId === "")).toBe(true);
    expect(selects[0]?.reason).toContain("JSON");
    expect(recording.outcome).toMatchObject({ kind: "finished", result: { stopReason: "no_progress" } });
    expect(world.rollouts).toHaveLength(6);
  });

  it("in prose, in a code fence or with braces in strings is read all the same", async () => {
    const wraps = [
      (json: string) => `Here it is:\n\`\`\`json\n${json}\n\`\`\`\nDone {really}.`,
      (json: string) => `{not json} ${json}`,
      (json: string) => json.replace("Answer the question.", 'Answer the question. Mind \\"{braces}\\".'),
    ];
    for (const wrap of wraps) {
      const recording = await play(createWorld({ reflect: (request) => wrap(copyFacts(request)) }));
      expect(dataOf(recording, "generate")[1]?.rejectedTexts).toEqual([]);
      expect(recording.outcome).toMatchObject({ kind: "finished", result: { champion: { score: 1 } } });
    }
  });

  it("that breaks a constraint is dropped before anything is run", async () => {
    const world = createWorld({
      reflect: (request) =>
        JSON.stringify({
          components: { [componentsAsked(request)[0]]: "Forbidden word." },
          rationale: "",
          lesson: "",
        }),
      spec: {
        constraints: {
          mustKeep: [],
          mustNotContain: ["Forbidden"],
          allowPlaceholderLoss: false,
          allowAnswerCopying: false,
        },
      },
    });
    const recording = await play(world);
    expect(dataOf(recording, "generate")).toHaveLength(1);
    expect(dataOf(recording, "select")[1]?.reason).toContain("must not contain");
    expect(world.rollouts).toHaveLength(6);
  });
});

describe("what comes from outside", () => {
  const types = (events: readonly EngineEvent[]) => events.map((e) => e.type);

  it("stops with the best so far, validated and reported", async () => {
    for (const width of [1, 4]) {
      const recording = await play(
        createWorld({
          examples: 12,
          facts: 6,
          factsPerEdit: 1,
          config: { width, minibatchSize: 2 },
          outside: (commit) => (commit === 3 ? "stop" : "go"),
        }),
      );
      expect(dataOf(recording, "early_stop")).toEqual([expect.objectContaining({ reason: "stopped" })]);
      expect(types(recording.events).slice(-3)).toEqual(["early_stop", "progress", "final"]);
      const { outcome } = recording;
      expect(outcome).toMatchObject({ kind: "finished", result: { stopReason: "stopped" } });
    }
  });

  it("pauses, and goes on from the last checkpoint as if nothing had been", async () => {
    const options = { examples: 12, facts: 6, factsPerEdit: 1, config: { width: 3, minibatchSize: 2 } };
    const whole = await play(createWorld(options));
    const paused = await play(
      createWorld({ ...options, outside: (commit) => (commit === 3 ? "pause" : "go") }),
    );
    expect(paused.outcome).toEqual({ kind: "paused" });
    const last = paused.steps.findLast((s) => s.kind === "checkpoint");
    const rest = await play(createWorld(options), last?.state);
    expect([...paused.steps, ...rest.steps]).toEqual(whole.steps);
  });

  it("is asked once before each commit, in order", async () => {
    const asked: number[] = [];
    const recording = await play(
      createWorld({
        examples: 12,
        facts: 12,
        factsPerEdit: 1,
        config: { width: 2, minibatchSize: 1 },
        outside: (commit) => {
          asked.push(commit);
          return "go";
        },
      }),
    );
    const commits = dataOf(recording, "progress").at(-1)?.iteration ?? 0;
    expect(asked).toEqual(Array.from({ length: commits }, (_, i) => i + 1));
  });

  it("ends at the deadline without running anything more", async () => {
    const world = createWorld({
      examples: 20,
      facts: 6,
      factsPerEdit: 1,
      config: { minibatchSize: 2 },
      outside: (commit) => (commit === 2 ? "wall_time" : "go"),
    });
    const recording = await play(world);
    expect(dataOf(recording, "judge").some((j) => j.stage === "test")).toBe(false);
    expect(recording.outcome).toMatchObject({
      kind: "finished",
      result: { stopReason: "wall_time", report: { verdict: "not_measured" } },
    });
  });

  it("aborts with the signal's reason", async () => {
    const abort = new AbortController();
    const reason = new Error("cancelled");
    const world = createWorld({ examples: 6, latency: () => 3 });
    const run = play({ ...world, ports: { ...world.ports, concurrency: 2 } }, undefined, abort.signal);
    abort.abort(reason);
    await expect(run).rejects.toBe(reason);
  });
});
