import type { FieldViolation } from "../base/errors.ts";
import { judgedCriteria } from "../domain/objectives.ts";
import { asksJudge, type GraderSpec, type OptimizeSpec } from "../domain/spec.ts";
import type { SearchConfigRequest } from "../domain/spec-request.ts";
import { CURRENT_TEXT, missingPlaceholders, SIDE_INFO } from "../engine/reference/template.ts";
import type { RoleModels } from "./ports.ts";

const FIELD = "config.reference";

/** The knobs of the profile `reference` say nothing to another one. */
export function checkProfile({ profile, reference }: SearchConfigRequest): FieldViolation[] {
  if (reference === undefined || profile === "reference") return [];
  return [{ field: FIELD, description: 'is for config.profile "reference"; set that, or leave this out' }];
}

/** What can be told about the knobs of the profile `reference` before anything is paid. */
export function checkReference(spec: OptimizeSpec): FieldViolation[] {
  const { reference } = spec.config;
  if (reference === undefined) return [];
  const { reflectionTemplate, reflectionTemplates } = reference;
  return [
    ...(reflectionTemplate === undefined
      ? []
      : checkTemplate(`${FIELD}.reflection_template`, reflectionTemplate)),
    ...Object.entries(reflectionTemplates).flatMap(([name, template]) => {
      const field = `${FIELD}.reflection_templates["${name}"]`;
      if (Object.hasOwn(spec.components, name)) return checkTemplate(field, template);
      const names = Object.keys(spec.components).join(", ");
      return [{ field, description: `names no component of the prompt; there are ${names}` }];
    }),
    ...checkFrontier(spec, reference.frontierType),
  ];
}

/** A limit in US dollars can be kept only where the price is known. */
export function checkReflectionPrice(spec: OptimizeSpec, { reflection }: RoleModels): FieldViolation[] {
  if (spec.config.reference?.maxReflectionCostUsd === undefined || reflection.price !== undefined) return [];
  const description = `the price of the reflection model ${reflection.id} is not known; limit budget.max_iterations instead`;
  return [{ field: `${FIELD}.max_reflection_cost_usd`, description }];
}

function checkTemplate(field: string, template: string): FieldViolation[] {
  const missing = missingPlaceholders(template);
  if (missing.length === 0) return [];
  const description = `lacks ${missing.join(" and ")}; a template holds both ${CURRENT_TEXT} and ${SIDE_INFO}`;
  return [{ field, description }];
}

/** gepa 0.1.4 fails at the seed where a front over objectives has none; here the request is refused. */
function checkFrontier({ grader, objectives }: OptimizeSpec, frontier: string): FieldViolation[] {
  if (frontier !== "objective" && frontier !== "cartesian") return [];
  if (scoresObjectives(grader, objectives)) return [];
  const description = `"${frontier}" needs objectives that the grader scores: name criteria for the judge in objectives, or use a multi grader`;
  return [{ field: `${FIELD}.frontier_type`, description }];
}

function scoresObjectives(grader: GraderSpec, objectives: readonly string[]): boolean {
  return grader.kind === "multi" || (asksJudge(grader) && judgedCriteria(objectives).length > 0);
}
