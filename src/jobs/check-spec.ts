import type { FieldViolation } from "../base/errors.ts";
import {
  type Constraints,
  type Example,
  type OptimizeSpec,
  PROMPT_COMPONENT,
  promptText,
} from "../domain/spec.ts";
import { OPERATOR_NAMES, type OperatorName, unknownOperators } from "../engine/operators/registry.ts";
import type { Grader } from "../graders/grader.ts";
import { checkReference } from "./check-reference.ts";
import { modelsCalled } from "./grading.ts";
import type { JobsDeps, RoleModels } from "./ports.ts";

/** Operators that join two candidates: they have nothing to join before another one has written some. */
const JOINING: ReadonlySet<string> = new Set(["crossover", "merge"] satisfies OperatorName[]);

/** What can be told about a resolved spec before anything is paid. Fields bear their REST names. */
export function checkSpec(deps: Pick<JobsDeps, "graders">, spec: OptimizeSpec): FieldViolation[] {
  return [
    ...checkComponents(spec),
    ...checkExamples(spec.examples),
    ...checkConstraints(spec),
    ...checkOperators(spec.config.operators),
    ...checkReference(spec),
    ...deps.graders.check(spec.grader, spec.examples),
  ];
}

/** More iterations than the server allows are refused, never cut down. `field` is where the caller gave them. */
export function checkIterations(field: string, asked: number, max: number): FieldViolation[] {
  if (Number.isSafeInteger(asked) && asked >= 1 && asked <= max) return [];
  const description = `must be a whole number from 1 to ${max}, this server's MAX_ITERATIONS; it is ${asked}`;
  return [{ field, description }];
}

/** A limit in US dollars can be kept only where every model has a price. */
export function checkPrices(spec: OptimizeSpec, models: RoleModels, grader: Grader): FieldViolation[] {
  if (spec.budget.maxCostUsd === undefined) return [];
  const priceless = modelsCalled(models, grader).filter(([, model]) => model.price === undefined);
  if (priceless.length === 0) return [];
  const names = priceless.map(([role, { id }]) => `${role} model ${id}`).join(", ");
  return [
    {
      field: "budget.max_cost_usd",
      description: `the price of the ${names} is not known; limit budget.max_tokens or budget.max_model_calls instead`,
    },
  ];
}

function checkComponents({ components }: OptimizeSpec): FieldViolation[] {
  const entries = Object.entries(components);
  if (entries.length === 0)
    return [{ field: "prompt", description: "is missing; give prompt or components" }];
  return entries
    .filter(([, text]) => text.trim() === "")
    .map(([name]) => ({
      field: componentField(name),
      description: "is blank; write at least a first draft",
    }));
}

function componentField(name: string): string {
  return name === PROMPT_COMPONENT ? name : `components["${name}"]`;
}

function checkExamples(examples: readonly Example[]): FieldViolation[] {
  if (examples.length === 0) return [{ field: "examples", description: "is empty; give at least one" }];
  const firstAt = new Map<string, number>();
  const found: FieldViolation[] = [];
  for (const [i, { id }] of examples.entries()) {
    const first = firstAt.get(id);
    if (first === undefined) firstAt.set(id, i);
    else {
      const description = `"${id}" is the id of examples[${first}] too; ids are unique in a job, and "${i + 1}" is the one an example here gets if it has none`;
      found.push({ field: `examples[${i}].id`, description });
    }
  }
  if (examples.every((e) => e.split === "test")) {
    const description = 'are all marked "test"; leave some for training and validation';
    found.push({ field: "examples", description });
  }
  return found;
}

function checkConstraints({ components, constraints }: OptimizeSpec): FieldViolation[] {
  const text = promptText(components);
  const missing = constraints.mustKeep.flatMap((kept, i) =>
    text.includes(kept)
      ? []
      : [
          {
            field: `constraints.must_keep[${i}]`,
            description: `"${kept}" does not stand in the prompt; write it there or leave it out here`,
          },
        ],
  );
  return [...missing, ...contradictions(constraints)];
}

function contradictions({ mustKeep, mustNotContain }: Constraints): FieldViolation[] {
  return mustNotContain.flatMap((banned, i) => {
    const kept = mustKeep.find((text) => text.includes(banned));
    if (kept === undefined) return [];
    const description = `"${banned}" is part of "${kept}", which constraints.must_keep asks for`;
    return [{ field: `constraints.must_not_contain[${i}]`, description }];
  });
}

function checkOperators(weights: Readonly<Record<string, number>>): FieldViolation[] {
  const unknown = unknownOperators(weights).map((name) => ({
    field: `config.operators["${name}"]`,
    description: `is not an operator; there are ${OPERATOR_NAMES.join(", ")}`,
  }));
  if (unknown.length > 0) return unknown;
  const on = OPERATOR_NAMES.filter((name) => weights[name] !== 0);
  if (on.some((name) => !JOINING.has(name))) return [];
  const description =
    on.length === 0
      ? "switches every operator off; leave at least one on"
      : `leaves ${on.join(" and ")} alone, which can only join what others have written; leave one of those on`;
  return [{ field: "config.operators", description }];
}
