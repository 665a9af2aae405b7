import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/base/digest.ts";
import type { Components } from "../../src/domain/spec.ts";
import type { ModelRequest } from "../../src/models/model.ts";
import { componentsAsked, createWorld, dataOf, play } from "../support/scripted-world.ts";

const DIGITS = 8;
const chance = (text: string) => Number.parseInt(sha256(text).slice(0, DIGITS), 16) / 16 ** DIGITS;

/** Writes one component anew. */
function rewrite({ sampleIndex, ...request }: ModelRequest): string {
  const names = componentsAsked({ sampleIndex, ...request });
  const chosen = names[Math.floor(chance(`which ${sampleIndex}`) * names.length)];
  const text = `Variant ${sampleIndex}.`;
  return JSON.stringify({
    components: Object.fromEntries(names.map((name) => [name, name === chosen ? text : null])),
    rationale: "",
    lesson: `Lesson ${sampleIndex}.`,
  });
}

/** A search whose candidates are right on different examples, and where one operator is drawn whenever it applies. */
async function searched(operator: string, components: Components) {
  const world = createWorld({
    examples: 60,
    spec: { components },
    config: { operators: { [operator]: 1_000 } },
    budget: { maxIterations: 40 },
    reflect: rewrite,
  });
  const { target, grader } = world.ports;
  const call: typeof target.call = async (request, signal) => {
    const text = request.messages.map((m) => m.content).join(" / ");
    return { ...(await target.call(request, signal)), text };
  };
  const grade: typeof grader.grade = async ({ output }) => ({
    score: Number(chance(output) < 0.5),
    feedback: "Hm.",
    objectives: {},
  });
  const recording = await play({
    ...world,
    ports: { ...world.ports, target: { ...target, call }, grader: { ...grader, grade } },
  });
  const generated = dataOf(recording, "generate");
  const decided = dataOf(recording, "select");
  const made = generated
    .filter((g) => g.operator === operator)
    .map((g) => ({ ...g, reason: decided.find((s) => s.candidateId === g.candidateId)?.reason ?? "" }));
  expect(made.length).toBeGreaterThan(1);
  return { made, others: generated.filter((g) => g.operator !== operator) };
}

describe("what is told of two that were joined", () => {
  it("by a crossover is compared with the one that was edited", async () => {
    const { made } = await searched("crossover", { prompt: "Answer." });
    for (const { parentIds, reason } of made) {
      expect(reason).toContain(` of ${parentIds[0]} on `);
    }
  });

  it("by a merge is compared with the better one, and nobody was shown lessons for it", async () => {
    const { made, others } = await searched("merge", { plan: "Think.", answer: "Answer." });
    for (const { parentIds, reason } of made) {
      expect(reason).toContain(` of the better of ${parentIds.join(" and ")} on `);
    }
    expect(made.flatMap((g) => g.lessonIds)).toEqual([]);
    expect(others.flatMap((g) => g.lessonIds).length).toBeGreaterThan(0);
  });
});
