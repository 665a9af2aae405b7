import { describe, expect, it } from "vitest";
import type { Example } from "../../../src/domain/spec.ts";
import { createJudge } from "../../../src/graders/judge.ts";
import { createGrader } from "../../../src/graders/registry.ts";
import { createDemoModel } from "../../../src/models/demo/demo-model.ts";
import { createFakeClock } from "../../support/fake-clock.ts";
import { improve } from "./loop.ts";

const options = { clock: createFakeClock(), latencyMs: 0 };
const target = createDemoModel("target", "demo/target", options);
const judge = createDemoModel("judge", "demo/judge", options);
const reflection = createDemoModel("reflection", "demo/reflection", options);

function examplesOf(pairs: readonly (readonly [input: string, ideal?: string])[]): Example[] {
  return pairs.map(([input, ideal], i) => ({
    id: `e${i}`,
    input,
    ...(ideal === undefined ? {} : { ideal }),
  }));
}

const QUICKSTART = examplesOf([["Summarize containerization for a CTO", "Concise, trade-offs, ops view"]]);

const BANKING = examplesOf([
  ["I would like to track a card sent to me, how do I do that?", "card_arrival"],
  ["My card hasn't came in the mail yet?", "card_arrival"],
  ["My transfer was declined without any explanation", "declined_transfer"],
  ["Why would you decline my transfer?", "declined_transfer"],
  ["I want to change my PIN at a cash machine", "change_pin"],
  ["Can I choose a new PIN abroad?", "change_pin"],
]);

const SUMS = examplesOf([
  ["A shop sells 12 pens for 4 coins each. How many coins does it take in?", "48"],
  ["Ann had 30 stamps and gave 12 away. How many stamps are left?", "18"],
  ["There were 5 birds, then 9 more came. How many birds are there?", "14"],
]);

const ESSAYS = examplesOf([
  [
    "Explain how vaccines work to a ten year old",
    "Uses a simple analogy. The immune system remembers germs.",
  ],
  [
    "Why does the sky look blue?",
    "Names Rayleigh scattering; compares long waves to short waves; bullet points",
  ],
]);

const RUBRIC = "The answer mentions the cost, names two alternatives and is brief.";

const judged = createJudge({ judge, criteria: [], context: {} });
const byRubric = createJudge({ judge, criteria: [], context: {}, rubric: RUBRIC });
const exact = createGrader(
  { kind: "exact", ignoreCase: false, keepWhitespace: false },
  { judge, objectives: [], context: {} },
);
const numeric = createGrader(
  { kind: "numeric", tolerance: 0, relative: false },
  { judge, objectives: [], context: {} },
);

describe("the simulated models together", () => {
  const tasks = [
    {
      name: "the quickstart's job",
      seed: "You are an assistant that writes helpful answers.",
      examples: QUICKSTART,
      grader: judged,
      iterations: 5,
      gain: 0.4,
    },
    {
      name: "labels, judged",
      seed: "Classify the customer's question.",
      examples: BANKING,
      grader: judged,
      iterations: 8,
      gain: 0.4,
    },
    {
      name: "labels, exact",
      seed: "Classify the customer's question.",
      examples: BANKING,
      grader: exact,
      iterations: 8,
      gain: 0.4,
    },
    {
      name: "numbers, judged",
      seed: "Solve the problem.",
      examples: SUMS,
      grader: judged,
      iterations: 4,
      gain: 0.3,
    },
    {
      name: "numbers, numeric",
      seed: "Solve the problem.",
      examples: SUMS,
      grader: numeric,
      iterations: 4,
      gain: 0.3,
    },
    {
      name: "essays with long ideals",
      seed: "Answer the user.",
      examples: ESSAYS,
      grader: judged,
      iterations: 8,
      gain: 0.3,
    },
    {
      name: "a rubric and no ideals",
      seed: "Be helpful.",
      examples: examplesOf([["How do I heat a house?"], ["Which bicycle suits me?"]]),
      grader: byRubric,
      iterations: 6,
      gain: 0.3,
    },
  ];
  for (const task of tasks) {
    it(`improve a prompt: ${task.name}`, async () => {
      const { scores, prompt } = await improve(
        { target, reflection, grader: task.grader },
        task.seed,
        task.examples,
        task.iterations,
      );
      expect(scores.at(-1)! - scores[0]!).toBeGreaterThanOrEqual(task.gain);
      expect(prompt).toContain(task.seed);
    });
  }

  it("take more than one step to the best prompt of the quickstart's job", async () => {
    const { scores } = await improve(
      { target, reflection, grader: judged },
      "You are an assistant that writes helpful answers.",
      QUICKSTART,
      5,
    );
    expect(scores[0]).toBeGreaterThan(0);
    expect(scores[1]).toBeLessThan(0.9);
    expect(new Set(scores).size).toBeGreaterThanOrEqual(3);
  });

  it("go the same way every time", async () => {
    const once = await improve({ target, reflection, grader: judged }, "Classify.", BANKING, 5);
    const again = await improve({ target, reflection, grader: judged }, "Classify.", BANKING, 5);
    expect(again).toEqual(once);
  });
});
