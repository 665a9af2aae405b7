import { describe, expect, it } from "vitest";
import { fence } from "../../src/domain/fence.ts";
import { type Components, promptText } from "../../src/domain/spec.ts";
import type { ModelRequest } from "../../src/models/model.ts";
import { adviceIn, adviceLine, sectionsOf } from "../bench/engine/worlds/advice.ts";
import { REPORT_SEEDS, TUNING_SEEDS, WORLDS } from "../bench/engine/worlds/registry.ts";
import { extractText } from "../../src/engine/reference/extract-text.ts";
import { renderSideInfo } from "../../src/engine/reference/side-info.ts";
import { defaultTemplate, fillTemplate } from "../../src/engine/reference/template.ts";
import { readReflectionRequest, reply } from "../bench/engine/worlds/reflection-request.ts";
import { instantStage } from "../bench/engine/worlds/simulated.ts";
import type { OpenWorld } from "../bench/engine/worlds/world.ts";
import { createVirtualTime } from "../bench/engine/virtual-time.ts";

const signal = new AbortController().signal;
const open = async (name: string, seed: number): Promise<OpenWorld> => {
  const world = WORLDS.find((w) => w.name === name);
  if (world === undefined) throw new Error(`no world ${name}`);
  return await world.open(seed, instantStage(createVirtualTime()));
};

const targetRequest = (components: Components, input: string): ModelRequest => ({
  messages: [
    { role: "system", content: promptText(components) },
    { role: "user", content: input },
  ],
  maxTokens: 100,
  sampleIndex: 0,
});

async function measuredScore(world: OpenWorld, components: Components): Promise<number> {
  const grades = world.examples.map(async (example) => {
    const { text } = await world.target.call(targetRequest(components, example.input), signal);
    return (await world.grader.grade({ example, output: text }, signal)).score;
  });
  const scores = await Promise.all(grades);
  return scores.reduce((a, b) => a + b, 0) / scores.length;
}

/** Prompts that differ in length and content: the seed, and the seed with more and more of its world's advice. */
function promptsOf(world: OpenWorld, seed: number): Components[] {
  const names = Object.keys(world.components);
  const add = (count: number): Components =>
    Object.fromEntries(
      names.map((name) => {
        const letter = name === "prompt" ? ["PROMPT", "A", "J"] : [name.toUpperCase()];
        const lines = letter.flatMap((l) =>
          Array.from({ length: count }, (_, k) =>
            adviceLine(seed, `${l}-${String(k + 1).padStart(l.length > 1 ? 2 : 3, "0")}`),
          ),
        );
        return [name, [world.components[name], ...lines].join("\n")];
      }),
    );
  return [world.components, add(2), add(5)];
}

describe.each(WORLDS.map((w) => w.name))("the world %s", (name) => {
  it("answers by content: twice the same, and the same in another instance", async () => {
    const one = await open(name, 7);
    const two = await open(name, 7);
    for (const example of one.examples.slice(0, 20)) {
      const request = targetRequest(one.components, example.input);
      const answers = [await one.target.call(request, signal), await two.target.call(request, signal)];
      expect(answers[1]).toEqual(answers[0]);
      const input = { example, output: answers[0]?.text ?? "" };
      expect(await two.grader.grade(input, signal)).toEqual(await one.grader.grade(input, signal));
    }
    expect(one.components).toEqual(two.components);
    expect(one.examples).toEqual(two.examples);
  });

  it("knows the true score of a prompt: the mean over many instances comes close to it", async () => {
    const seeds = TUNING_SEEDS(24);
    const gaps = await Promise.all(
      seeds.map(async (seed) => {
        const world = await open(name, seed);
        return await Promise.all(
          promptsOf(world, seed).map(
            async (p) => (await measuredScore(world, p)) - (await world.trueScore(p)),
          ),
        );
      }),
    );
    for (const prompt of [0, 1, 2]) {
      const mean = gaps.reduce((sum, g) => sum + (g[prompt] ?? 0), 0) / seeds.length;
      expect(Math.abs(mean)).toBeLessThan(0.025); // 3,600 cases, half of whose luck is shared: three errors
    }
  });

  it("reflects on what it is shown: in both forms the new prompt holds a line the feedback names", async () => {
    const world = await open(name, 3);
    const component = Object.keys(world.components)[0] ?? "";
    const text = world.components[component] ?? "";
    const letter = component === "prompt" ? "PROMPT" : component.toUpperCase();
    const line = adviceLine(3, `${letter}-01`);
    const feedback = `It should have followed: ${line}`;
    const forms: Record<string, string> = {
      fenced: [
        fence(`current_prompt.${component}`, text),
        fence("operator", "reflect: Rewrite the text."),
        fence("input", "Case #1: something"),
        fence("output", "Answer."),
        fence("feedback", feedback),
      ].join("\n\n"),
      template: `Text:\n\`\`\`\n${text}\n\`\`\`\nSeen:\n\`\`\`\n# Example 1\n## Inputs\nCase #1: something\n\n## Generated Outputs\nAnswer.\n\n## Feedback\n${feedback}\n\n\n\`\`\`\nWrite.`,
    };
    for (const content of Object.values(forms)) {
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, sampleIndex) =>
          world.reflection.call(
            { messages: [{ role: "user", content }], maxTokens: 1_000, sampleIndex },
            signal,
          ),
        ),
      );
      expect(answers.filter((a) => a.text.includes(line.slice(0, -1))).length).toBeGreaterThan(4);
    }
  });
});

describe("single worlds", () => {
  it("is worth the same under every prompt where all is noise", async () => {
    const world = await open("pure-noise", 5);
    const scores = await Promise.all(promptsOf(world, 5).map((p) => world.trueScore(p)));
    expect(new Set(scores)).toEqual(new Set([0.6]));
  });

  it("lifts the score by 0.15 for any one of the telling lines, once", async () => {
    const world = await open("true-lift", 5);
    const withLines = (...codes: string[]) => ({
      prompt: [world.components.prompt, ...codes.map((c) => adviceLine(5, c))].join("\n"),
    });
    expect(await world.trueScore(withLines())).toBeCloseTo(0.55, 9);
    expect(await world.trueScore(withLines("J-001"))).toBeCloseTo(0.7, 9);
    expect(await world.trueScore(withLines("J-002", "J-003"))).toBeCloseTo(0.7, 9);
    expect(await world.trueScore(withLines("A-001"))).toBeCloseTo(0.55, 9);
  });

  it("can be solved to the last example by stating the five rules", async () => {
    const world = await open("solvable", 5);
    const lines = [1, 2, 3, 4, 5].map((k) => adviceLine(5, `PROMPT-0${k}`));
    const solved = { prompt: ["You answer letters.", ...lines].join("\n") };
    expect(await world.trueScore(solved)).toBe(1);
    expect(await measuredScore(world, solved)).toBe(1);
    expect(await world.trueScore(world.components)).toBeLessThan(0.5);
  });

  it("pays less attention to a rule the longer the prompt is", async () => {
    const world = await open("latent-rules", 5);
    const talk = (n: number) => ({
      prompt: [world.components.prompt, ...Array.from({ length: n }, (_, i) => `Talk ${i}.`)].join("\n"),
    });
    const scores = await Promise.all([0, 10, 40].map((n) => world.trueScore(talk(n))));
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(new Set(scores).size).toBe(3);
  });

  it("grades one answer differently from repeat to repeat where the judge is noisy", async () => {
    const world = await open("noisy-judge", 5);
    const [example] = world.examples;
    if (example === undefined) throw new Error("no example");
    const { text } = await world.target.call(targetRequest(world.components, example.input), signal);
    const grades = await Promise.all(
      [0, 1, 2, 3].map((repeat) => world.grader.grade({ example, output: text }, signal, repeat)),
    );
    expect(new Set(grades.map((g) => g.score)).size).toBe(4);
  });
});

describe("prompts as lines", () => {
  it("finds advice by its code, once each, and sections by their headings", () => {
    const text = `[find]\nTalk.\n${adviceLine(1, "FIND-01")}\n\n[write]\n${adviceLine(1, "WRITE-02")} ${adviceLine(1, "FIND-01")}`;
    expect(adviceIn(text).map((a) => a.code)).toEqual(["FIND-01", "WRITE-02"]);
    expect(sectionsOf(text).map((s) => [s.name, s.lines.length])).toEqual([
      ["find", 2],
      ["write", 1],
    ]);
  });

  it("reads what a fenced request shows, example by example", () => {
    const content = [
      fence("current_prompt.prompt", "Be kind."),
      fence("other_prompt.prompt", "Be exact."),
      fence("operator", "crossover: Join."),
      fence("lesson", "Say the date."),
      fence("rejected_edit", "Shout."),
      fence("input", "one"),
      fence("output", "1"),
      fence("feedback", "good"),
      fence("input", "two"),
      fence("output", "2"),
      fence("ideal", "II"),
      fence("feedback", "bad"),
    ].join("\n");
    const ask = readReflectionRequest({
      messages: [{ role: "user", content }],
      maxTokens: 1,
      sampleIndex: 0,
    });
    expect(ask.prompts).toEqual(new Map([["prompt", "Be kind."]]));
    expect(ask.others).toEqual(new Map([["prompt", "Be exact."]]));
    expect([ask.operator, ask.lessons, ask.rejected]).toEqual([
      "crossover: Join.",
      ["Say the date."],
      ["Shout."],
    ]);
    expect(ask.examples).toEqual([
      { input: "one", output: "1", ideal: "", feedback: "good" },
      { input: "two", output: "2", ideal: "II", feedback: "bad" },
    ]);
  });
});

it("reads the request of the profile reference as it is written", () => {
  const sideInfo = renderSideInfo([
    { Inputs: "one", "Generated Outputs": "1", Feedback: "Score 1 of 1. good" },
    { Inputs: "two", "Generated Outputs": "2", Feedback: "Score 0 of 1. bad" },
  ]);
  const content = fillTemplate(defaultTemplate("- product: bank"), "Be kind.\nBe exact.", sideInfo);
  const ask = readReflectionRequest({ messages: [{ role: "user", content }], maxTokens: 1, sampleIndex: 0 });
  expect(ask).toMatchObject({ reply: "fenced_text", asked: [""] });
  expect(ask.prompts).toEqual(new Map([["", "Be kind.\nBe exact."]]));
  expect(ask.examples).toEqual([
    { input: "one", output: "1", ideal: "", feedback: "Score 1 of 1. good" },
    { input: "two", output: "2", ideal: "", feedback: "Score 0 of 1. bad" },
  ]);
  expect(extractText(reply(ask, new Map([["", "Be brief."]]), "Why.", ""))).toBe("Be brief.");
});

it("keeps the seeds of the report apart from those used for tuning", () => {
  const tuning = new Set(TUNING_SEEDS(1_000));
  expect(REPORT_SEEDS(1_000).filter((s) => tuning.has(s))).toEqual([]);
  expect(() => REPORT_SEEDS(1_001)).toThrow("seeds");
});
