import { describe, expect, it } from "vitest";
import fc from "fast-check";
import type { Components } from "../../src/domain/spec.ts";
import { MAX_PRUNE_TRIES, PRUNE, pruneAllowance } from "../../src/engine/reserve.ts";
import { createWorld, dataOf, play, type Recording, type WorldOptions } from "../support/scripted-world.ts";

const FILLER =
  "Please take all the time that you need to think about whatever it is that you were asked here.";
const options: WorldOptions = {
  examples: 60,
  facts: 2,
  spec: { components: { prompt: `Answer the question. ${FILLER}` } },
  config: { minibatchSize: 6 },
};

const pruned = (recording: Recording) => dataOf(recording, "generate").filter((g) => g.operator === PRUNE);
const championOf = (recording: Recording): Components =>
  dataOf(recording, "final")[0]?.champion.components ?? {};

describe("pruning", () => {
  it("takes out what does nothing, and leaves every rule that does", async () => {
    const recording = await play(createWorld(options));
    const { prompt } = championOf(recording);
    expect(prompt).not.toContain("all the time");
    expect(prompt).toMatch(/FACT-0.*FACT-1|FACT-1.*FACT-0/);
    const report = dataOf(recording, "final")[0]?.report;
    expect(report).toMatchObject({ verdict: "improved", lift: 1, championCharacters: prompt?.length });
    expect(report?.notes.join(" ")).toMatch(/cut from \d+ to \d+ characters/);
  });

  it("tells each try as a candidate with its scores and a decision, and never looks at the test", async () => {
    const recording = await play(createWorld(options));
    const test = new Set(dataOf(recording, "started")[0]?.splits.test);
    const tries = pruned(recording);
    expect(tries.length).toBeGreaterThan(0);
    expect(tries.length).toBeLessThanOrEqual(MAX_PRUNE_TRIES);
    for (const { candidateId, components, parentIds } of tries) {
      const judged = dataOf(recording, "judge").filter(
        (j) => j.candidateId === candidateId && j.stage === "validation",
      );
      expect(judged.length).toBeGreaterThan(0);
      expect(judged.flatMap((j) => j.evaluations).filter((e) => test.has(e.exampleId))).toEqual([]);
      expect(dataOf(recording, "select").filter((s) => s.candidateId === candidateId)).toHaveLength(1);
      const parent = dataOf(recording, "generate").find((g) => g.candidateId === parentIds[0]);
      expect(JSON.stringify(components).length).toBeLessThan(JSON.stringify(parent?.components).length);
    }
    expect(new Set(tries.map((t) => t.candidateId)).size).toBe(tries.length);
  });

  it("keeps what the constraints demand", async () => {
    const recording = await play(
      createWorld({
        ...options,
        spec: {
          ...options.spec,
          constraints: {
            mustKeep: [FILLER],
            mustNotContain: [],
            allowPlaceholderLoss: false,
            allowAnswerCopying: false,
          },
        },
      }),
    );
    expect(championOf(recording).prompt).toContain(FILLER);
  });

  it("is left out where validation is small, the seed won, or the caller wants to end", async () => {
    const cases: WorldOptions[] = [
      { ...options, examples: 20 },
      { ...options, inverted: true },
      { ...options, facts: 20, outside: (commit) => (commit === 3 ? "stop" : "go") },
      { ...options, facts: 20, outside: (commit) => (commit === 3 ? "wall_time" : "go") },
      { ...options, config: { profile: "reference" } },
    ];
    for (const each of cases) expect(pruned(await play(createWorld(each)))).toEqual([]);
  });

  it("uses no more than its share of what the search used, and nothing of what the test needs", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 30, max: 80 }),
        fc.option(fc.integer({ min: 60, max: 500 }), { nil: undefined }),
        fc.constantFrom(1, 4),
        async (examples, maxMetricCalls, width) => {
          const recording = await play(
            createWorld({
              ...options,
              examples,
              config: { ...options.config, width },
              budget: { maxIterations: 8, ...(maxMetricCalls === undefined ? {} : { maxMetricCalls }) },
            }),
          );
          const ids = new Set(pruned(recording).map((g) => g.candidateId));
          const runs = (keep: (id: string, stage: string) => boolean) =>
            dataOf(recording, "judge")
              .filter((j) => keep(j.candidateId, j.stage))
              .flatMap((j) => j.evaluations)
              .filter((e) => !e.reused).length;
          const validation = dataOf(recording, "started")[0]?.splits.validation.length ?? 0;
          const search = runs((id, stage) => !ids.has(id) && stage !== "test");
          expect(runs((id, stage) => ids.has(id) && stage !== "test")).toBeLessThanOrEqual(
            pruneAllowance(search, validation),
          );
          const started = dataOf(recording, "started")[0];
          const tested = dataOf(recording, "judge").filter((j) => j.stage === "test");
          const untested =
            started?.warnings.some((w) => w.includes("too small to also keep a test")) ?? false;
          expect(untested || tested.length > 0).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });
});
