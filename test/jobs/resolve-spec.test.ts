import { describe, expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import type { SpecRequest } from "../../src/domain/spec-request.ts";
import { checkGrader } from "../../src/graders/check-grader.ts";
import type { JobsDeps } from "../../src/jobs/ports.ts";
import { resolveSpec } from "../../src/jobs/resolve-spec.ts";
import { aGrader, REQUEST } from "../support/job-world.ts";
import { scriptedModel } from "../support/scripted-model.ts";

const PRICE = { inputPerMTok: 1, cachedInputPerMTok: 0.5, outputPerMTok: 4 };
const priced = (id: string) => scriptedModel(id, undefined, { price: PRICE });
const DEPS: Pick<JobsDeps, "limits" | "graders" | "resolveModels"> = {
  limits: {
    maxIterations: 1000,
    maxOpenJobsPerOwner: 1,
    idempotencyTtlMs: 1,
    maxRunningJobs: 1,
    callsInFlightPerJob: 1,
  },
  graders: { create: () => aGrader(), check: checkGrader },
  resolveModels: (id) => ({
    target: priced(id ?? "openai/default"),
    judge: scriptedModel("judge"),
    reflection: priced("reflection"),
  }),
};

const resolve = (request: Partial<SpecRequest>, iterations?: number) =>
  resolveSpec(DEPS, { ...REQUEST, budget: {}, ...request }, iterations);

/** The faults a request is refused for, by field. */
function faultsOf(request: Partial<SpecRequest>, iterations?: number, deps = DEPS): Record<string, string> {
  try {
    resolveSpec(deps, { ...REQUEST, budget: {}, ...request }, iterations);
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== "validation_error") throw error;
    return Object.fromEntries(error.violations.map((v) => [v.field, v.description]));
  }
  return {};
}

describe("resolving a request", () => {
  it("fills in every default", () => {
    expect(resolve({}).spec).toEqual({
      components: { prompt: "Be helpful." },
      targetModelId: "openai/default",
      examples: [
        { id: "1", input: "one" },
        { id: "2", input: "two" },
      ],
      grader: { kind: "judge" },
      objectives: [],
      context: {},
      budget: { maxIterations: 10 },
      constraints: REQUEST.constraints,
      config: {
        width: 1,
        minibatchSize: 3,
        operators: {},
        selection: "pareto",
        merge: true,
        maxTokens: 1024,
        maxGrades: 4,
        profile: "default",
      },
      seed: 1,
    });
  });

  for (const [what, grader, roles] of [
    ["the default grader", undefined, ["target", "judge", "reflection"]],
    ["a judge", { kind: "judge" }, ["target", "judge", "reflection"]],
    ["exact", { kind: "exact", ignoreCase: false, keepWhitespace: false }, ["target", "reflection"]],
    [
      "several graders with a judge among them",
      { kind: "multi", graders: [{ name: "a", weight: 1, grader: { kind: "judge" } }] },
      ["target", "judge", "reflection"],
    ],
    [
      "several graders without a judge",
      {
        kind: "multi",
        graders: [{ name: "a", weight: 1, grader: { kind: "contains", text: "x", ignoreCase: false } }],
      },
      ["target", "reflection"],
    ],
  ] as const) {
    it(`asks for the models of the roles that there are with ${what}`, () => {
      const asked: unknown[] = [];
      const resolveModels: JobsDeps["resolveModels"] = (id, wanted) => {
        asked.push(wanted);
        return DEPS.resolveModels(id, wanted);
      };
      const examples = [{ input: "one", ideal: "1" }];
      resolveSpec({ ...DEPS, resolveModels }, { ...REQUEST, examples, ...(grader && { grader }) }, undefined);
      expect(asked).toEqual([roles]);
    });
  }

  it("keeps what the caller said", () => {
    const config = {
      width: 2,
      minibatchSize: 4,
      operators: { reflect: 2 },
      selection: "current_best",
      merge: false,
      earlyStopPatience: 5,
      temperature: 0.5,
      maxTokens: 7,
      profile: "reference",
      targetScore: 0.9,
      maxGrades: 1,
    } as const;
    const budget = { maxIterations: 4, maxMetricCalls: 5, maxTokens: 6 };
    const { spec } = resolve({
      name: "mine",
      targetModelId: "demo/x",
      config,
      budget,
      evaluationRubric: "kind",
    });
    expect(spec).toMatchObject({
      name: "mine",
      targetModelId: "demo/x",
      config,
      budget,
      evaluationRubric: "kind",
    });
  });

  it("takes the request's iterations over the budget's", () => {
    expect(resolve({ budget: { maxIterations: 4 } }, 6).spec.budget.maxIterations).toBe(6);
    expect(resolve({ budget: { maxIterations: 4 } }).spec.budget.maxIterations).toBe(4);
  });

  it("never asks for more than a small server allows by default", () => {
    const small = { ...DEPS, limits: { ...DEPS.limits, maxIterations: 3 } };
    expect(resolveSpec(small, { ...REQUEST, budget: {} }, undefined).spec.budget.maxIterations).toBe(3);
  });

  it("leaves merging off in the reference profile, as gepa 0.1.4 does", () => {
    expect(resolve({ config: { operators: {}, profile: "reference" } }).spec.config.merge).toBe(false);
  });

  it("names the judge among the models only where its grader asks it", () => {
    expect(resolve({}).uses.map((u) => u.role)).toEqual(["target", "reflection"]);
    const judged = { ...DEPS, graders: { ...DEPS.graders, create: () => aGrader({ callsPerGrade: 1 }) } };
    const { uses } = resolveSpec(judged, { ...REQUEST, budget: {} }, undefined);
    expect(uses.map((u) => u.role)).toEqual(["target", "judge", "reflection"]);
  });

  const constraints = REQUEST.constraints;
  const refused: readonly [string, Partial<SpecRequest>, string, RegExp][] = [
    ["no prompt", { components: {} }, "prompt", /give prompt or components/],
    ["a blank prompt", { components: { prompt: " \n" } }, "prompt", /blank/],
    ["a blank component", { components: { a: "x", b: "" } }, 'components["b"]', /blank/],
    ["no examples", { examples: [] }, "examples", /at least one/],
    [
      "an id given twice",
      { examples: ["a", "b", "c", "a"].map((id) => ({ id, input: "x" })) },
      "examples[3].id",
      /"a" is the id of examples\[0\] too/,
    ],
    [
      "an id that is another one's default",
      { examples: [{ id: "2", input: "x" }, { input: "y" }] },
      "examples[1].id",
      /"2" is the one an example here gets/,
    ],
    [
      "nothing to learn from",
      { examples: [{ input: "x", split: "test" }] },
      "examples",
      /training and validation/,
    ],
    [
      "too many iterations",
      { budget: { maxIterations: 1001 } },
      "budget.max_iterations",
      /MAX_ITERATIONS; it is 1001/,
    ],
    ["no iteration", { budget: { maxIterations: 0 } }, "budget.max_iterations", /from 1 to 1000/],
    [
      "a text to keep that is not there",
      { constraints: { ...constraints, mustKeep: ["helpful", "{{q}}"] } },
      "constraints.must_keep[1]",
      /"\{\{q\}\}" does not stand in the prompt/,
    ],
    [
      "a text to keep and to avoid",
      { constraints: { ...constraints, mustKeep: ["helpful"], mustNotContain: ["help"] } },
      "constraints.must_not_contain[0]",
      /part of "helpful"/,
    ],
    [
      "an unknown operator",
      { config: { operators: { rewrite: 1 } } },
      'config.operators["rewrite"]',
      /reflect.*merge/,
    ],
    [
      "an ideal the grader needs",
      { grader: { kind: "exact", ignoreCase: false, keepWhitespace: false } },
      "examples[1].ideal",
      /exact grader/,
    ],
  ];
  for (const [what, request, field, fault] of refused) {
    it(`refuses ${what} by its name`, () => {
      expect(faultsOf(request)).toMatchObject({ [field]: expect.stringMatching(fault) });
    });
  }

  it("refuses too many iterations of the request under their own name", () => {
    expect(Object.keys(faultsOf({}, 1001))).toEqual(["iterations"]);
  });

  it("refuses weights that switch every operator off", () => {
    const known = faultsOf({ config: { operators: { nope: 0 } } })['config.operators["nope"]'] ?? "";
    const names = known.replace("is not an operator; there are ", "").split(", ");
    const operators = Object.fromEntries(names.map((name) => [name, 0]));
    expect(Object.keys(faultsOf({ config: { operators } }))).toEqual(["config.operators"]);
  });

  it("refuses weights that leave only operators that join what others have written", () => {
    const others = ["reflect", "clarify", "tighten", "restructure", "condition_on_examples", "swap_examples"];
    const off = Object.fromEntries([...others, "trim_examples", "style"].map((name) => [name, 0]));
    const told = (operators: Record<string, number>) =>
      faultsOf({ config: { operators } })["config.operators"];
    expect(told(off)).toMatch(/^leaves crossover and merge alone/);
    expect(told({ ...off, crossover: 0, merge: 5 })).toMatch(/^leaves merge alone/);
    expect(told({ ...off, style: 0.5 })).toBeUndefined();
  });

  it("refuses a limit in dollars where a model it calls has no price, and says what to limit instead", () => {
    const budget = { maxCostUsd: 1 };
    expect(faultsOf({ budget })).toEqual({});
    const judged = { ...DEPS, graders: { ...DEPS.graders, create: () => aGrader({ callsPerGrade: 1 }) } };
    expect(faultsOf({ budget }, undefined, judged)).toEqual({
      "budget.max_cost_usd": expect.stringMatching(/judge model judge is not known; limit budget.max_tokens/),
    });
  });

  it("ends the sentence about a fault, and says how many more there are", () => {
    const messageOf = (request: Partial<SpecRequest>) => {
      try {
        resolve(request);
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };
    expect(messageOf({ components: {} })).toBe("prompt: is missing; give prompt or components.");
    expect(messageOf({ components: {}, examples: [] })).toMatch(/components \(and 1 more\)\.$/);
  });

  it("tells all faults at once", () => {
    const faults = faultsOf({ components: {}, examples: [], config: { operators: { x: 1 } } }, 0);
    expect(Object.keys(faults)).toEqual(["iterations", "prompt", "examples", 'config.operators["x"]']);
  });
});
