import type { FieldViolation } from "../../base/errors.ts";
import { judgedCriteria } from "../../domain/objectives.ts";
import {
  asksJudge,
  type Components,
  type GraderSpec,
  type Profile,
  PROMPT_COMPONENT,
  type Selection,
} from "../../domain/spec.ts";
import type {
  BudgetRequest,
  ConstraintsRequest,
  ExampleRequest,
  SearchConfigRequest,
  SpecRequest,
} from "../../domain/spec-request.ts";
import type {
  Budget,
  Constraints,
  Example,
  OptimizeConfig,
  OptimizeSpec,
} from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { violationError } from "../errors.ts";
import { fieldsOf } from "./fields-of.ts";
import { graderSpec, needsIdeal, searchesIdeal } from "./grader.ts";
import { isJson, NOT_JSON } from "./is-json.ts";
import { referenceFaults, referenceRequest } from "./reference-config.ts";
import { splitOf } from "./spec-out.ts";

/** Where the spec stands in the requests that have one. */
const PATH = "spec";

/**
 * A spec as a caller sent it. The rules written in the contract hold already; what they cannot say is checked here:
 * prompts that hold text, ids that are unique, ideals where the grader compares with them. Names every fault at once.
 */
export function specRequest(spec: OptimizeSpec | undefined): SpecRequest {
  if (spec === undefined) throw violationError([{ field: PATH, description: "is missing" }]);
  const grader = spec.grader && graderSpec(spec.grader, `${PATH}.grader`);
  const components: Components =
    spec.prompt === "" ? { ...spec.components } : { [PROMPT_COMPONENT]: spec.prompt };
  const faults = [
    ...blankComponents(spec),
    ...repeatedIds(spec.examples),
    ...spec.examples.flatMap(metadataFaults),
    ...(grader === undefined ? [] : missingIdeals(grader, spec.examples)),
    ...(grader === undefined ? [] : lostObjectives(grader, spec.objectives)),
    ...referenceFaults(spec.config?.reference, `${PATH}.config.reference`),
  ];
  if (faults.length > 0) throw violationError(faults);
  return {
    ...(spec.name !== "" && { name: spec.name }),
    components,
    ...(spec.targetModelId !== "" && { targetModelId: spec.targetModelId }),
    examples: spec.examples.map(exampleRequest),
    ...(grader !== undefined && { grader }),
    ...(spec.evaluationRubric !== "" && { evaluationRubric: spec.evaluationRubric }),
    objectives: spec.objectives,
    context: spec.context,
    budget: budgetRequest(spec.budget),
    constraints: constraintsRequest(spec.constraints),
    config: configRequest(spec.config),
    seed: Number(spec.seed),
  };
}

function exampleRequest(example: Example): ExampleRequest {
  const split = splitOf(example.split);
  return {
    ...(example.id !== "" && { id: example.id }),
    input: example.input,
    ...(example.ideal !== undefined && { ideal: example.ideal }),
    ...(split !== undefined && { split }),
    ...(example.metadata !== undefined && { metadata: example.metadata }),
  };
}

/** Limits as a caller sent them; none where there is no message. */
export function budgetRequest(budget: Budget | undefined): BudgetRequest {
  if (budget === undefined) return {};
  const { maxTokens, ...others } = fieldsOf(budget);
  return { ...others, ...(maxTokens !== undefined && { maxTokens: Number(maxTokens) }) };
}

function constraintsRequest(constraints: Constraints | undefined): ConstraintsRequest {
  if (constraints !== undefined) return fieldsOf(constraints);
  return { mustKeep: [], mustNotContain: [], allowPlaceholderLoss: false, allowAnswerCopying: false };
}

/** Knobs as a caller sent them; none where there is no message. */
export function configRequest(config: OptimizeConfig | undefined): SearchConfigRequest {
  if (config === undefined) return { operators: {} };
  const { selection, profile, reference, ...others } = fieldsOf(config);
  return {
    ...others,
    // The contract's rules let only these names through.
    ...(selection !== "" && { selection: selection as Selection }),
    ...(profile !== "" && { profile: profile as Profile }),
    ...(reference !== undefined && { reference: referenceRequest(reference) }),
  };
}

function blankComponents(spec: OptimizeSpec): FieldViolation[] {
  const texts: [field: string, text: string][] = Object.entries(spec.components).map(([name, text]) => [
    `${PATH}.components["${name}"]`,
    text,
  ]);
  if (spec.prompt !== "") texts.push([`${PATH}.prompt`, spec.prompt]);
  return texts
    .filter(([, text]) => text.trim() === "")
    .map(([field]) => ({ field, description: "holds only white space; write the instruction to improve" }));
}

function repeatedIds(examples: readonly Example[]): FieldViolation[] {
  const seen = new Map<string, number>();
  const faults: FieldViolation[] = [];
  for (const [i, example] of examples.entries()) {
    const id = example.id === "" ? String(i + 1) : example.id;
    const first = seen.get(id);
    if (first === undefined) seen.set(id, i);
    else {
      faults.push({
        field: `${PATH}.examples[${i}].id`,
        description: `is "${id}", as that of examples[${first}]; ids are unique, and an example without one is numbered from 1`,
      });
    }
  }
  return faults;
}

function metadataFaults({ metadata }: Example, i: number): FieldViolation[] {
  return isJson(metadata) ? [] : [{ field: `${PATH}.examples[${i}].metadata`, description: NOT_JSON }];
}

function missingIdeals(grader: GraderSpec, examples: readonly Example[]): FieldViolation[] {
  if (!needsIdeal(grader)) return [];
  const searched = searchesIdeal(grader);
  return examples.flatMap(({ ideal }, i) => {
    const field = `${PATH}.examples[${i}].ideal`;
    if (ideal === undefined) {
      return [{ field, description: "is missing; this grader compares the output with it" }];
    }
    return searched && ideal.trim() === ""
      ? [{ field, description: "is blank, and every output contains that; write what a good output holds" }]
      : [];
  });
}

/** Parts of a multi grader that share a name with an objective which is scored by somebody else: one score would be lost. */
function lostObjectives(
  grader: GraderSpec,
  objectives: readonly string[],
  path = `${PATH}.grader`,
  taken = namesTaken(grader, objectives),
): FieldViolation[] {
  if (grader.kind !== "multi") return [];
  return grader.graders.flatMap((part, i) => {
    const at = `${path}.multi.graders[${i}]`;
    const inner = lostObjectives(part.grader, objectives, `${at}.grader`, taken);
    if (!taken.has(part.name)) return inner;
    const description = `is "${part.name}", as one of objectives, which has a score of its own; name the part otherwise`;
    return [{ field: `${at}.name`, description }, ...inner];
  });
}

/** Objectives that are measured, or that a judge scores; where there is no judge a part may well score the others. */
function namesTaken(grader: GraderSpec, objectives: readonly string[]): ReadonlySet<string> {
  if (asksJudge(grader)) return new Set(objectives);
  const criteria = new Set(judgedCriteria(objectives));
  return new Set(objectives.filter((name) => !criteria.has(name)));
}
