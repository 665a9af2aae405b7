import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "vitest";
import {
  ExampleSchema,
  GraderSchema,
  OptimizeSpecSchema,
  type ReferenceConfigSchema,
  SimilarityMetric,
  Split,
} from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { AppError } from "../../../src/base/errors.ts";
import type { GraderSpec, OptimizeSpec } from "../../../src/domain/spec.ts";
import { NOT_JSON } from "../../../src/rpc/convert/is-json.ts";
import { protoSpec } from "../../../src/rpc/convert/spec-out.ts";
import { specRequest } from "../../../src/rpc/convert/spec.ts";
import { unsetFields } from "../../support/descriptors.ts";

/** Every field set to something other than its default. */
const FULL: OptimizeSpec = {
  name: "n",
  components: { a: "A", b: "B" },
  targetModelId: "openai/gpt-5-mini",
  examples: [
    { id: "e1", input: "hello", ideal: "Hello!", split: "test", metadata: { source: ["log", 3, null] } },
  ],
  grader: { kind: "judge", rubric: "Be strict." },
  evaluationRubric: "Kindness.",
  objectives: ["brevity"],
  context: { product: "bank" },
  budget: {
    maxIterations: 3,
    maxMetricCalls: 4,
    maxModelCalls: 5,
    maxTokens: 6,
    maxCostUsd: 0.5,
    maxWallTimeS: 7.5,
  },
  constraints: {
    mustKeep: ["{{q}}"],
    mustNotContain: ["foo"],
    maxCharacters: 100,
    maxPromptTokens: 25,
    allowPlaceholderLoss: true,
    allowAnswerCopying: true,
  },
  config: {
    width: 2,
    minibatchSize: 3,
    operators: { reflect: 0.5 },
    selection: "epsilon_greedy",
    merge: true,
    earlyStopPatience: 4,
    temperature: 0.5,
    maxTokens: 100,
    profile: "reference",
    targetScore: 0.75,
    maxGrades: 2,
    reference: {
      frontierType: "hybrid",
      componentSelector: "all",
      sampling: { parents: 2, mutations: 3 },
      proposalSelection: { kind: "top_k", k: 2 },
      acceptance: "improvement_or_equal",
      cacheEvaluation: true,
      skipPerfectScore: false,
      perfectScore: 0.9,
      maxMergeInvocations: 4,
      mergeValOverlapFloor: 3,
      epsilon: 0.2,
      topK: 7,
      reflectionTemplate: "<curr_param> <side_info>",
      reflectionTemplates: { a: "<side_info> <curr_param>" },
      maxReflectionCostUsd: 1.5,
      maxTrackedCandidates: 9,
    },
  },
  seed: 2 ** 53 - 1,
};

const GRADERS: readonly GraderSpec[] = [
  { kind: "judge" },
  { kind: "exact", ignoreCase: true, keepWhitespace: true },
  { kind: "contains", ignoreCase: false },
  { kind: "contains", ignoreCase: true, text: "yes" },
  { kind: "regex", pattern: "a+", ignoreCase: true, groupEqualsIdeal: true },
  { kind: "numeric", tolerance: 0.5, relative: true },
  { kind: "json_schema", schema: { type: "object" } },
  { kind: "similarity", metric: "token_f1" },
  { kind: "similarity", metric: "levenshtein", threshold: 0 },
  { kind: "similarity", metric: "rouge_l", threshold: 0.5 },
  {
    kind: "multi",
    graders: [
      { name: "form", weight: 2, grader: { kind: "exact", ignoreCase: false, keepWhitespace: false } },
      { name: "content", weight: 1, grader: { kind: "judge", rubric: "r" } },
    ],
  },
];

type Spec = MessageInitShape<typeof OptimizeSpecSchema>;
const request = (spec: Spec) => specRequest(create(OptimizeSpecSchema, spec));
const MINIMAL: Spec = { prompt: "Greet.", examples: [{ input: "hello" }] };

describe("a resolved spec", () => {
  it("comes back as it was when it is sent again", () => {
    expect(specRequest(protoSpec(FULL))).toEqual(FULL);
  });

  it("loses no field", () => {
    // "prompt" is the short form of components, which this spec uses.
    expect(unsetFields(OptimizeSpecSchema, protoSpec(FULL))).toEqual(["prompt"]);
  });

  it("has a plain prompt as `prompt`", () => {
    const spec = protoSpec({ ...FULL, components: { prompt: "Greet." } });
    expect([spec.prompt, spec.components]).toEqual(["Greet.", {}]);
  });

  for (const grader of GRADERS) {
    it(`keeps a grader ${JSON.stringify(grader)}`, () => {
      expect(specRequest(protoSpec({ ...FULL, grader })).grader).toEqual(grader);
    });
  }
});

describe("specRequest", () => {
  it("leaves the knobs of the profile reference that were not sent to its defaults", () => {
    const config = (reference: MessageInitShape<typeof ReferenceConfigSchema>) =>
      request({ ...MINIMAL, config: { profile: "reference", reference } }).config.reference;
    expect(config({})).toEqual({ reflectionTemplates: {} });
    expect(config({ sampling: { mutations: 2 }, proposalSelection: "best" })).toEqual({
      reflectionTemplates: {},
      sampling: { mutations: 2 },
      proposalSelection: { kind: "best" },
    });
  });

  it("leaves everything that was not sent to the defaults of the service", () => {
    expect(request(MINIMAL)).toEqual({
      components: { prompt: "Greet." },
      examples: [{ input: "hello" }],
      objectives: [],
      context: {},
      budget: {},
      constraints: {
        mustKeep: [],
        mustNotContain: [],
        allowPlaceholderLoss: false,
        allowAnswerCopying: false,
      },
      config: { operators: {} },
      seed: 0,
    });
  });

  it("takes an empty ideal for an ideal", () => {
    expect(request({ ...MINIMAL, examples: [{ input: "x", ideal: "" }] }).examples).toEqual([
      { input: "x", ideal: "" },
    ]);
  });

  it("maps every split", () => {
    const splits = [Split.UNSPECIFIED, Split.TRAIN, Split.VALIDATION, Split.TEST];
    const examples = splits.map((split) => create(ExampleSchema, { input: "x", split }));
    expect(request({ ...MINIMAL, examples }).examples.map((example) => example.split)).toEqual([
      undefined,
      "train",
      "validation",
      "test",
    ]);
  });

  it("measures similarity by token F1 and weighs parts equally where nothing is said", () => {
    const similarity = { metric: SimilarityMetric.UNSPECIFIED };
    const grader = create(GraderSchema, {
      kind: {
        case: "multi",
        value: { graders: [{ name: "a", grader: { kind: { case: "similarity", value: similarity } } }] },
      },
    });
    const examples = [{ input: "x", ideal: "y" }];
    expect(request({ ...MINIMAL, examples, grader }).grader).toMatchObject({
      graders: [{ weight: 1, grader: { kind: "similarity", metric: "token_f1" } }],
    });
  });

  const SERVED = "judge, exact, contains, regex, numeric, json_schema, similarity, multi";
  const notServed = (name: string) => [
    [`spec.grader.${name}`, `is not served by this version; use one of ${SERVED}`] as const,
  ];
  const exact = { kind: { case: "exact" as const, value: {} } };
  const contains = { kind: { case: "contains" as const, value: {} } };
  const matches = { kind: { case: "regex" as const, value: { pattern: "x" } } };
  const multi = (grader: Spec["grader"], name = "a"): Spec["grader"] =>
    create(GraderSchema, {
      kind: { case: "multi", value: { graders: [{ name, grader: create(GraderSchema, grader) }] } },
    });
  const BLANK_IDEAL = "is blank, and every output contains that; write what a good output holds";
  const LIKE_OBJECTIVE =
    'is "a", as one of objectives, which has a score of its own; name the part otherwise';

  it("takes a part that scores an objective nobody else does", () => {
    expect(request({ ...MINIMAL, objectives: ["a"], grader: multi(matches) }).objectives).toEqual(["a"]);
  });

  const refused: readonly (readonly [
    what: string,
    spec: Spec,
    faults: readonly (readonly [string, string])[],
  ])[] = [
    [
      "a prompt of white space",
      { ...MINIMAL, prompt: " \n" },
      [["spec.prompt", "holds only white space; write the instruction to improve"]],
    ],
    [
      "a component of white space",
      { ...MINIMAL, prompt: "", components: { a: "x", b: "\t" } },
      [['spec.components["b"]', "holds only white space; write the instruction to improve"]],
    ],
    [
      "ids used twice, a default one included",
      { ...MINIMAL, examples: [{ input: "x" }, { id: "1", input: "y" }, { id: "1", input: "z" }] },
      [
        [
          "spec.examples[1].id",
          'is "1", as that of examples[0]; ids are unique, and an example without one is numbered from 1',
        ],
        [
          "spec.examples[2].id",
          'is "1", as that of examples[0]; ids are unique, and an example without one is numbered from 1',
        ],
      ],
    ],
    [
      "a grader that compares and examples without ideal",
      { ...MINIMAL, examples: [{ input: "x", ideal: "y" }, { input: "z" }], grader: exact },
      [["spec.examples[1].ideal", "is missing; this grader compares the output with it"]],
    ],
    [
      "the same inside a weighted mean",
      { ...MINIMAL, grader: multi(exact) },
      [["spec.examples[0].ideal", "is missing; this grader compares the output with it"]],
    ],
    [
      "an empty ideal that every output contains",
      {
        ...MINIMAL,
        examples: [
          { input: "x", ideal: "" },
          { input: "y", ideal: " \n" },
          { input: "z", ideal: "z" },
        ],
        grader: multi(contains),
      },
      [
        ["spec.examples[0].ideal", BLANK_IDEAL],
        ["spec.examples[1].ideal", BLANK_IDEAL],
      ],
    ],
    [
      "metadata with numbers that JSON does not have",
      {
        ...MINIMAL,
        examples: [
          { input: "x", metadata: { a: [{ b: Number.NaN }] } },
          { input: "y", metadata: { a: 1 } },
        ],
      },
      [["spec.examples[0].metadata", NOT_JSON]],
    ],
    [
      "a schema with numbers that JSON does not have",
      { ...MINIMAL, grader: { kind: { case: "jsonSchema", value: { schema: { maximum: Infinity } } } } },
      [["spec.grader.json_schema.schema", NOT_JSON]],
    ],
    [
      "a part named like what the judge scores beside it",
      { ...MINIMAL, objectives: ["a"], grader: multi({ kind: { case: "judge", value: {} } }) },
      [["spec.grader.multi.graders[0].name", LIKE_OBJECTIVE]],
    ],
    [
      "a part deep inside named like what is measured",
      { ...MINIMAL, objectives: ["cost"], grader: multi(multi(matches, "cost")) },
      [
        [
          "spec.grader.multi.graders[0].grader.multi.graders[0].name",
          LIKE_OBJECTIVE.replace('"a"', '"cost"'),
        ],
      ],
    ],
    [
      "a top_k of the reference without its number",
      { ...MINIMAL, config: { reference: { proposalSelection: "top_k" } } },
      [
        [
          "spec.config.reference.proposal_top_k",
          'is missing; proposal_selection "top_k" needs to know how many',
        ],
      ],
    ],
    [
      "a number without top_k",
      { ...MINIMAL, config: { reference: { proposalSelection: "best", proposalTopK: 2 } } },
      [
        [
          "spec.config.reference.proposal_top_k",
          'is given without proposal_selection "top_k", which alone heeds it',
        ],
      ],
    ],
    ["code", { ...MINIMAL, grader: { kind: { case: "code", value: { source: "x" } } } }, notServed("code")],
    [
      "a webhook",
      { ...MINIMAL, grader: { kind: { case: "webhook", value: { url: "x" } } } },
      notServed("webhook"),
    ],
    ["OpenAI's form", { ...MINIMAL, grader: { kind: { case: "openai", value: {} } } }, notServed("openai")],
    [
      "a stored grader",
      { ...MINIMAL, grader: { kind: { case: "graderId", value: "g" } } },
      notServed("grader_id"),
    ],
    [
      "code inside a weighted mean",
      { ...MINIMAL, grader: multi({ kind: { case: "code", value: { source: "x" } } }) },
      [["spec.grader.multi.graders[0].grader.code", `is not served by this version; use one of ${SERVED}`]],
    ],
    [
      "graders nested too deeply",
      { ...MINIMAL, grader: multi(multi(multi(exact))) },
      [
        [
          "spec.grader.multi.graders[0].grader.multi.graders[0].grader",
          "is nested deeper than 3 levels; flatten it",
        ],
      ],
    ],
  ];
  for (const [what, spec, faults] of refused) {
    it(`refuses ${what}, naming each field`, () => {
      const error = thrownBy(() => request(spec));
      expect(error.reason).toBe("validation_error");
      expect(error.violations.map(({ field, description }) => [field, description])).toEqual(faults);
    });
  }

  it("refuses a request without spec", () => {
    expect(thrownBy(() => specRequest(undefined)).violations).toMatchObject([{ field: "spec" }]);
  });
});

function thrownBy(fn: () => unknown): AppError {
  let thrown: unknown;
  try {
    fn();
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toBeInstanceOf(AppError);
  return thrown as AppError;
}
