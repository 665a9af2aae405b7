import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Evaluation } from "../../src/domain/evaluation.ts";
import { promptText, type Components, type OptimizeSpec } from "../../src/domain/spec.ts";
import type { ModelRequest } from "../../src/models/model.ts";
import { addCosts, times } from "../../src/engine/budget.ts";
import { MAX_LESSON_CHARACTERS } from "../../src/engine/lessons.ts";
import { constraintCheck } from "../../src/engine/constraints.ts";
import { OPERATORS } from "../../src/engine/operators/registry.ts";
import { maxPromptBytes, maxTokensOf, worstCases } from "../../src/engine/prices.ts";
import {
  REFLECTION_MAX_TOKENS,
  SHOWN_FAILURES,
  SHOWN_LESSONS,
  SHOWN_REJECTED_EDITS,
} from "../../src/engine/reflection/limits.ts";
import { reflectionRequest, type ReflectionBrief } from "../../src/engine/reflection/request.ts";
import { createWorld, play } from "../support/scripted-world.ts";

/** Tokens of a request if every byte were one: what no tokenizer exceeds. */
function tokensOf({ messages, responseSchema }: ModelRequest): number {
  return maxTokensOf(messages.map((m) => m.content).join("")) + maxTokensOf(JSON.stringify(responseSchema));
}

/** Input tokens a proposal's request is priced at. */
function pricedInput(spec: OptimizeSpec): number {
  return worstCases(spec, { callsPerGrade: 1 }).worstReflection.tokens - REFLECTION_MAX_TOKENS;
}

const LETTERS = ["a", "é", "語", "😀", '"', "\n", "\u0001"];
/** Texts around and beyond the length at which texts are cut, of letters of one to four bytes. */
const text = (most: number) =>
  fc
    .tuple(fc.constantFrom(...LETTERS), fc.oneof(fc.nat(200), fc.nat(most)))
    .map(([letter, units]) => letter.repeat(Math.floor(units / letter.length)));
/** As much of a text as so many bytes hold. */
const within = (bytes: number, written: string) => {
  const letter = [...written][0] ?? "a";
  return letter.repeat(Math.min([...written].length, Math.floor(bytes / maxTokensOf(letter))));
};

const aSpec = fc
  .record({
    names: fc.uniqueArray(
      fc.tuple(fc.constantFrom("a", "b"), fc.integer({ min: 1, max: 64 })).map(([c, n]) => c.repeat(n)),
      { minLength: 1, maxLength: 32 },
    ),
    prompt: text(9_000),
    inputs: fc.array(fc.tuple(text(12_000), fc.option(text(12_000), { nil: undefined })), {
      minLength: 1,
      maxLength: 20,
    }),
    context: fc.dictionary(fc.constantFrom("who", "where", "語"), text(9_000)),
    rubric: fc.option(text(20_000), { nil: undefined }),
    ownRubric: fc.option(text(20_000), { nil: undefined }),
    mustKeep: fc.array(text(3_000), { maxLength: 2 }),
    maxCharacters: fc.option(fc.integer({ min: 1, max: 20_000 }), { nil: undefined }),
    minibatchSize: fc.integer({ min: 1, max: 8 }),
    parts: fc.integer({ min: 1, max: 3 }),
  })
  .map(
    ({
      names,
      prompt,
      inputs,
      context,
      rubric,
      ownRubric,
      mustKeep,
      maxCharacters,
      minibatchSize,
      parts,
    }) => {
      const judge = { kind: "judge", ...(ownRubric === undefined ? {} : { rubric: ownRubric }) } as const;
      const { spec } = createWorld().input;
      return {
        ...spec,
        components: Object.fromEntries(names.map((name) => [name, `x${prompt}`])),
        examples: inputs.map(([input, ideal], i) => ({
          id: `e${i}`,
          input,
          ...(ideal === undefined ? {} : { ideal }),
        })),
        grader:
          parts === 1
            ? judge
            : {
                kind: "multi",
                graders: Array.from({ length: parts }, (_, i) => ({
                  name: `p${i}`,
                  weight: 1,
                  grader: judge,
                })),
              },
        context,
        ...(rubric === undefined ? {} : { evaluationRubric: rubric }),
        constraints: {
          ...spec.constraints,
          mustKeep,
          ...(maxCharacters === undefined ? {} : { maxCharacters }),
        },
        config: { ...spec.config, minibatchSize, maxTokens: 2_000 },
      } satisfies OptimizeSpec;
    },
  );

/** A prompt of the same parts that is as long as a candidate may be. */
function longest(spec: OptimizeSpec): Components {
  const names = Object.keys(spec.components);
  const frame = maxTokensOf(promptText(Object.fromEntries(names.map((name) => [name, ""]))));
  const room = Math.max(0, maxPromptBytes(spec) - frame);
  return Object.fromEntries(names.map((name, i) => [name, i === 0 ? "y".repeat(room) : ""]));
}

describe("the worst price of a proposal", () => {
  it("is never below the request that is really built, whatever the job and however long its texts", () => {
    fc.assert(
      fc.property(aSpec, text(9_000), text(9_000), (spec, output, said) => {
        const operator = Object.values(OPERATORS).reduce((a, b) => {
          const length = (o: typeof a) => (o.kind === "reflective" ? o.order.length : 0);
          return length(b) > length(a) ? b : a;
        });
        const current = longest(spec);
        const [name = ""] = Object.keys(current);
        const parts = spec.grader.kind === "multi" ? spec.grader.graders.length : 1;
        const attempts = Array.from({ length: spec.config.minibatchSize + SHOWN_FAILURES }, (_, i) => {
          const example = spec.examples[i % spec.examples.length] ?? { id: "", input: "" };
          const evaluation: Evaluation = {
            exampleId: example.id,
            score: 0.123456,
            output: within(spec.config.maxTokens, output),
            feedback: within(parts * 4_096, said),
            objectives: {},
            reused: false,
          };
          return { example, evaluation };
        });
        const ownRubric = spec.grader.kind === "judge" ? spec.grader.rubric : undefined;
        const rubric = ownRubric ?? spec.evaluationRubric;
        const brief: ReflectionBrief = {
          current,
          operator: { name: operator.name, order: operator.kind === "reflective" ? operator.order : "" },
          other: current,
          context: spec.context,
          ...(rubric === undefined ? {} : { rubric }),
          lessons: Array<string>(SHOWN_LESSONS).fill("語".repeat(MAX_LESSON_CHARACTERS)),
          rejectedEdits: Array.from({ length: SHOWN_REJECTED_EDITS }, () => ({
            changed: current,
            change: -0.123,
          })),
          attempts,
        };
        const check = constraintCheck(spec.components, spec.constraints, spec.examples, maxPromptBytes(spec));
        const problem = check({ ...current, [name]: "z" })?.detail;
        expect(tokensOf(reflectionRequest(brief, 1, problem))).toBeLessThanOrEqual(pricedInput(spec));

        const seed = spec.components;
        const { other: _none, ...alone } = brief;
        const short = {
          ...alone,
          current: seed,
          rejectedEdits: [{ changed: seed }],
          attempts: attempts.slice(0, 2),
        };
        const size = maxTokensOf(promptText(seed));
        const shown = { prompts: [size], edits: [size], examples: 2 };
        const priced =
          worstCases(spec, { callsPerGrade: 1 }).reflectionOn(shown).tokens - REFLECTION_MAX_TOKENS;
        expect(tokensOf(reflectionRequest(short, 1, problem))).toBeLessThanOrEqual(priced);
        expect(priced).toBeLessThanOrEqual(pricedInput(spec));
      }),
      { numRuns: 300 },
    );
  });

  it("has a rollout cost what its grades cost together, and nothing else", () => {
    const { spec } = createWorld().input;
    const judge = { inputPerMTok: 3, cachedInputPerMTok: 3, outputPerMTok: 5 };
    const pricesOf = (grades?: number) =>
      worstCases(spec, { judge, callsPerGrade: 1, maxCallsPerGrade: 2 }, grades);
    const [one, three] = [pricesOf(), pricesOf(3)];
    expect(three).toEqual({ ...one, worstRun: three.worstRun, reflectionOn: three.reflectionOn });
    const { metricCalls: _free, ...grade } = one.worstGrade;
    expect(three.worstRun).toEqual(addCosts(one.worstRun, times(2, { ...grade, metricCalls: 0 })));
  });

  it("is never below a request of a search, with all that a search has to show by then", async () => {
    const world = createWorld({
      examples: 60,
      facts: 60,
      factsPerEdit: 1,
      config: { minibatchSize: 5, maxTokens: 64 },
      budget: { maxIterations: 40 },
    });
    await play(world);
    expect(world.reflections.length).toBeGreaterThan(30);
    for (const request of world.reflections) {
      expect(tokensOf(request)).toBeLessThanOrEqual(pricedInput(world.input.spec));
    }
  });
});
