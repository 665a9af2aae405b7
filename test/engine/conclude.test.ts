import { expect, it } from "vitest";
import type { Budget } from "../../src/domain/spec.ts";
import { createWorld, dataOf, play } from "../support/scripted-world.ts";

/** What became of a job that was told that its budget has no room for the test. */
async function untestedAtFirst(budget: Budget) {
  const world = createWorld({ examples: 40, facts: 40, factsPerEdit: 1, budget });
  const recording = await play(world);
  const warnings = dataOf(recording, "started")[0]?.warnings ?? [];
  expect(warnings.join(" ")).toContain("may not be measured");
  const used = dataOf(recording, "progress").at(-1)?.budget.lines ?? [];
  for (const { used: so, total = so } of used) expect(so).toBeLessThanOrEqual(total);
  return dataOf(recording, "final")[0]?.report.measuredOn;
}

it("tests the outcome all the same where the search has left enough for it", async () => {
  expect(await untestedAtFirst({ maxIterations: 3, maxTokens: 1_000_000 })).toBe("test");
  expect(await untestedAtFirst({ maxIterations: 50, maxMetricCalls: 40 })).toBe("in_sample");
});
