import { ROLES, type ModelUse } from "../domain/spend.ts";
import type { OptimizeSpec } from "../domain/spec.ts";
import type { Grader } from "../graders/grader.ts";
import type { Model } from "../models/model.ts";
import type { GraderPort, RoleModels } from "./ports.ts";

/** The grader of a spec, asking this judge. */
export function graderOf(graders: GraderPort, spec: OptimizeSpec, judge: Model): Grader {
  return graders.create(spec.grader, {
    judge,
    ...(spec.evaluationRubric === undefined ? {} : { rubric: spec.evaluationRubric }),
    objectives: spec.objectives,
    context: spec.context,
  });
}

/** The models a job uses, in the order of {@link ROLES}; the judge only where its grader asks it. */
export function modelUses(models: RoleModels, grader: Grader): ModelUse[] {
  return ROLES.filter((role) => role !== "judge" || grader.callsPerGrade > 0).map((role) => ({
    role,
    modelId: models[role].id,
    servedBy: models[role].servedBy,
    simulated: models[role].simulated,
  }));
}
