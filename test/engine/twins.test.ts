import { expect, it } from "vitest";
import fc from "fast-check";
import { createWorld, dataOf, evaluationsOf, play } from "../support/scripted-world.ts";

/** Sentence number `round`, in the spelling number `spelling`: no two sentences agree up to case, all spellings do. */
function spelt(round: number, spelling: number): string {
  const word = [...`${round}`].map((digit) => "abcdefghij"[Number(digit)]).join("");
  const letters = [...`answer nicely please, sentence ${word}`];
  return letters.map((c, i) => ((spelling >> i) & 1 ? c.toUpperCase() : c)).join("");
}

it("books texts that differ in case alone as what was run of them, and keeps its limits with them", async () => {
  let twins = 0;
  let whole = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 2, max: 16 }),
      fc.integer({ min: 20, max: 150 }),
      fc.nat(5),
      async (examples, width, maxMetricCalls, turns) => {
        let asked = 0;
        const reflect = () => {
          const components = { prompt: spelt(Math.floor(asked / width), asked % width) };
          asked++;
          return JSON.stringify({ components, rationale: "", lesson: "" });
        };
        const world = createWorld({
          examples,
          facts: 5,
          reflect,
          config: { width },
          budget: { maxIterations: 60, maxMetricCalls },
          latency: () => turns,
        });
        const recording = await play(world);
        expect(world.rollouts.length).toBeLessThanOrEqual(maxMetricCalls);

        const lines = dataOf(recording, "progress").at(-1)?.budget.lines ?? [];
        const told = lines.find((l) => l.name === "metric_calls")?.used;
        expect(told).toBe(evaluationsOf(recording).filter((e) => !e.reused).length);
        // What a stop dropped is not counted: how far it had come depends on who answered first.
        const notes = dataOf(recording, "final")[0]?.report.notes.join(" ") ?? "";
        const dropped = notes.includes("under way when the search stopped");
        expect(told).toBeLessThanOrEqual(world.rollouts.length);
        expect(told).toBeGreaterThanOrEqual(dropped ? 0 : world.rollouts.length);
        if (!dropped) whole++;
        twins += dataOf(recording, "select").filter((s) => s.reason.includes("same text as")).length;
      },
    ),
    { numRuns: 40 },
  );
  expect(twins).toBeGreaterThan(100);
  expect(whole).toBeGreaterThan(10);
});
