import { expect, it } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import { REFERENCE_CONFIG_DEFAULTS } from "../../src/domain/reference-config.ts";
import type { ReferenceConfigRequest, SpecRequest } from "../../src/domain/spec-request.ts";
import { checkGrader } from "../../src/graders/check-grader.ts";
import type { JobsDeps } from "../../src/jobs/ports.ts";
import { resolveSpec } from "../../src/jobs/resolve-spec.ts";
import { aGrader, REQUEST } from "../support/job-world.ts";
import { scriptedModel } from "../support/scripted-model.ts";

const model = (id: string) => scriptedModel(id);
const DEPS: Pick<JobsDeps, "limits" | "graders" | "resolveModels"> = {
  limits: {
    maxIterations: 1000,
    maxOpenJobsPerOwner: 1,
    idempotencyTtlMs: 1,
    maxRunningJobs: 1,
    callsInFlightPerJob: 1,
  },
  graders: { create: () => aGrader(), check: checkGrader },
  resolveModels: () => ({ target: model("t"), judge: model("j"), reflection: model("r") }),
};

function resolve(reference: ReferenceConfigRequest | undefined, request: Partial<SpecRequest> = {}) {
  const config = { operators: {}, profile: "reference", ...(reference && { reference }) } as const;
  return resolveSpec(DEPS, { ...REQUEST, budget: {}, config, ...request }, undefined).spec.config.reference;
}

function faultsOf(reference: ReferenceConfigRequest, request?: Partial<SpecRequest>): Record<string, string> {
  try {
    resolve(reference, request);
  } catch (error) {
    if (!(error instanceof AppError) || error.reason !== "validation_error") throw error;
    return Object.fromEntries(error.violations.map((v) => [v.field, v.description]));
  }
  return {};
}

it("fills in the defaults of gepa.optimize, and only for its profile", () => {
  expect(resolve(undefined)).toEqual(REFERENCE_CONFIG_DEFAULTS);
  expect(resolve({ epsilon: 0.3, sampling: { mutations: 4 } })).toEqual({
    ...REFERENCE_CONFIG_DEFAULTS,
    epsilon: 0.3,
    sampling: { parents: 1, mutations: 4 },
  });
  expect(resolve(undefined, { config: { operators: {} } })).toBeUndefined();
});

const both = "<curr_param> and <side_info>";
const refused: readonly [string, ReferenceConfigRequest, Partial<SpecRequest>, string, RegExp][] = [
  [
    "its knobs with the default profile",
    {},
    { config: { operators: {}, reference: {} } },
    "config.reference",
    /set that, or leave this out/,
  ],
  [
    "a template without the examples",
    { reflectionTemplate: "Improve <curr_param>." },
    {},
    "config.reference.reflection_template",
    /^lacks <side_info>;/,
  ],
  [
    "a template without anything",
    { reflectionTemplate: "" },
    {},
    "config.reference.reflection_template",
    /^lacks <curr_param> and <side_info>;/,
  ],
  [
    "one component's template without the text",
    { reflectionTemplate: both, reflectionTemplates: { prompt: "See <side_info>." } },
    {},
    'config.reference.reflection_templates["prompt"]',
    /^lacks <curr_param>;/,
  ],
  [
    "a template of no component",
    { reflectionTemplates: { system: both } },
    {},
    'config.reference.reflection_templates["system"]',
    /there are prompt$/,
  ],
  [
    "a template of no component whose name every object has",
    { reflectionTemplates: { constructor: both } },
    {},
    'config.reference.reflection_templates["constructor"]',
    /there are prompt$/,
  ],
  [
    "a front over objectives that nobody scores",
    { frontierType: "objective" },
    {},
    "config.reference.frontier_type",
    /name criteria for the judge/,
  ],
  [
    "a limit in dollars without a price",
    { maxReflectionCostUsd: 1 },
    {},
    "config.reference.max_reflection_cost_usd",
    /reflection model r is not known/,
  ],
];
for (const [what, reference, request, field, fault] of refused) {
  it(`refuses ${what} by its name`, () => {
    expect(faultsOf(reference, request)).toEqual({ [field]: expect.stringMatching(fault) });
  });
}

it("takes templates with both placeholders, and a front over what the judge scores", () => {
  expect(faultsOf({ reflectionTemplate: both, reflectionTemplates: { prompt: both } })).toEqual({});
  expect(faultsOf({ frontierType: "cartesian" }, { objectives: ["tact"] })).toEqual({});
  expect(faultsOf({ frontierType: "hybrid" })).toEqual({}); // falls back on the examples alone
});
