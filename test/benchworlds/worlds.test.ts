import { describe, expect, it } from "vitest";
import { fence } from "../../src/domain/fence.ts";
import { type Components, promptText } from "../../src/domain/spec.ts";
import type { ModelRequest } from "../../src/models/model.ts";
import { adviceIn, adviceLine, sectionsOf } from "../bench/engine/worlds/advice.ts";
import { REPORT_SEEDS, TUNING_SEEDS, WORLDS } from "../bench/engine/worlds/registry.ts";
import { type OperatorName, OPERATORS } from "../../src/engine/operators/registry.ts";
import { extractText } from "../../src/engine/reference/extract-text.ts";
import { renderSideInfo } from "../../src/engine/reference/side-info.ts";
import { defaultTemplate, fillTemplate } from "../../src/engine/reference/template.ts";
import { shownBy, workedExample } from "../bench/engine/worlds/faults-text.ts";
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

describe("the world of many faults", () => {
  const rule = (seed: number, k: number) => {
    const code = `PROMPT-${String(k).padStart(2, "0")}`;
    return { code, line: adviceLine(seed, code) };
  };
  const SOME_RULES = [1, 2, 3, 4, 5, 6];
  const withLine = (world: OpenWorld, line: string) => ({ prompt: `${world.components.prompt}\n${line}` });

  it("has some rules that are worth showing though they are stated, and some that are not", async () => {
    const seed = 4;
    const world = await open("many-faults", seed);
    const before = await world.trueScore(world.components);
    const stated = SOME_RULES.map((k) => rule(seed, k)).filter((r) =>
      world.components.prompt?.includes(r.line),
    );
    const gains = await Promise.all(
      stated.map(
        async (r) => (await world.trueScore(withLine(world, workedExample(r.line, r.code)))) - before,
      ),
    );
    expect(Math.max(...gains)).toBeGreaterThan(0.02);
    expect(Math.min(...gains)).toBeLessThan(0.005);
  });

  it("meets a demand on form once it is said exactly, and says what was tried and done wrongly", async () => {
    const worlds = await Promise.all(TUNING_SEEDS(20).map((seed) => open("many-faults", seed)));
    const feedback: string[] = [];
    for (const world of worlds) {
      for (const example of world.examples) {
        const { text } = await world.target.call(targetRequest(world.components, example.input), signal);
        feedback.push((await world.grader.grade({ example, output: text }, signal)).feedback);
      }
    }
    for (const words of [
      "The form was wrong: FORM-",
      "The tone was wrong: TONE-",
      "did not do this rightly: [PROMPT-",
    ])
      expect(feedback.filter((f) => f.includes(words)).length, words).toBeGreaterThan(100);
    const lifts = await Promise.all(
      worlds.map(
        async (world, i) =>
          (await world.trueScore(withLine(world, adviceLine(i + 1, "FORM-01")))) -
          (await world.trueScore(world.components)),
      ),
    );
    expect(lifts.filter((l) => l > 0.03).length).toBeGreaterThan(5);
    expect(lifts.filter((l) => l < 0).length).toBeGreaterThan(3); // of those that make no such demand
  });

  it("is helped by worked examples, and hardly by words, where the target has to be shown", async () => {
    const gains = await Promise.all(
      TUNING_SEEDS(20).map(async (seed) => {
        const world = await open("show-me", seed);
        const before = await world.trueScore(world.components);
        const gainOf = async (line: string) => (await world.trueScore(withLine(world, line))) - before;
        const { code, line } = rule(seed, 1); // the rule that most cases need
        return { said: await gainOf(line), shown: await gainOf(workedExample(line, code)) };
      }),
    );
    expect(Math.max(...gains.map((g) => g.said))).toBeLessThan(0.03); // the last line is noticed best
    expect(gains.filter((g) => g.shown > 0.05).length).toBeGreaterThan(5);
  });

  it("differs from seed to seed in what is wrong with the prompt", async () => {
    const lengths = await Promise.all(
      TUNING_SEEDS(20).map(async (seed) => (await open("many-faults", seed)).components.prompt?.split("\n")),
    );
    expect(new Set(lengths.map((l) => l?.length)).size).toBeGreaterThan(8);
    const shows = lengths.filter((l) => l?.some((line) => shownBy(line) !== undefined)).length;
    expect([shows > 4, shows < 16]).toEqual([true, true]);
  });

  const SEED = 3;
  const PROMPT = [
    "You answer letters from customers.",
    rule(SEED, 5).line,
    "Be as helpful as you can.",
    rule(SEED, 6).line,
    workedExample(rule(SEED, 7).line, rule(SEED, 7).code),
    rule(SEED, 5).line,
    adviceLine(SEED, "FORM-03"),
    rule(SEED, 8).line,
  ].join("\n");
  const FEEDBACK = `The form was wrong: FORM-01. The tone was wrong: TONE-01. It did not do this rightly: ${rule(SEED, 8).line}`;

  /** What forty answers to an order make of the prompt. */
  async function editsOf(name: Exclude<OperatorName, "merge">): Promise<string[][]> {
    const world = await open("many-faults", SEED);
    const content = [
      fence("current_prompt.prompt", PROMPT),
      fence("operator", `${name}: ${OPERATORS[name].order}`),
      fence("input", "Case #1: something"),
      fence("output", "Answer."),
      fence("feedback", FEEDBACK),
    ].join("\n\n");
    const answers = await Promise.all(
      Array.from({ length: 40 }, (_, sampleIndex) =>
        world.reflection.call(
          { messages: [{ role: "user", content }], maxTokens: 1_000, sampleIndex },
          signal,
        ),
      ),
    );
    return answers
      .filter((a) => a.text.startsWith("{"))
      .map((a) => (JSON.parse(a.text) as { components: Components }).components.prompt?.split("\n") ?? []);
  }

  const form = adviceLine(SEED, "FORM-01");
  const tone = adviceLine(SEED, "TONE-01");
  const shows = (k: number) => (lines: string[]) => lines.some((l) => shownBy(l) === rule(SEED, k).code);
  const DEEDS: readonly {
    name: Exclude<OperatorName, "merge">;
    does: string;
    done: (lines: string[]) => boolean;
  }[] = [
    { name: "tighten", does: "says the form exactly", done: (l) => l.includes(form) },
    { name: "style", does: "says the tone exactly", done: (l) => l.includes(tone) },
    {
      name: "clarify",
      does: "says one thing exactly",
      done: (l) => l.includes(form) !== l.includes(tone),
    },
    {
      name: "restructure",
      does: "drops talk and repetitions, and puts what was missed first and the form last",
      done: (l) =>
        !l.includes("Be as helpful as you can.") &&
        l.indexOf(rule(SEED, 8).line) <= 3 &&
        l.filter((line) => line === rule(SEED, 5).line).length <= 1 &&
        l.indexOf(adviceLine(SEED, "FORM-03")) !== 1,
    },
    { name: "condition_on_examples", does: "shows what was done wrongly", done: shows(8) },
    { name: "swap_examples", does: "shows it instead of the rest", done: (l) => shows(8)(l) && !shows(7)(l) },
    {
      name: "trim_examples",
      does: "puts a needless example in one sentence",
      done: (l) => !shows(7)(l) && l.includes(rule(SEED, 7).line),
    },
  ];

  it.each(DEEDS)(
    "has a reflection model that by $name $does, which a free rewrite seldom does",
    async ({ name, done }) => {
      const [ordered, free] = [await editsOf(name), await editsOf("reflect")];
      expect(ordered.filter(done).length).toBeGreaterThan(0.7 * ordered.length);
      expect(free.filter(done).length).toBeLessThan(0.2 * free.length);
    },
  );
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
