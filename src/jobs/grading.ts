import { ROLES, type ModelUse, type Role } from "../domain/spend.ts";
import { asksJudge, type GraderSpec, type OptimizeSpec } from "../domain/spec.ts";
import type { Grader } from "../graders/grader.ts";
import type { Model } from "../models/model.ts";
import type { GraderPort, RoleModels } from "./ports.ts";

/** The roles that a job with this grader has models in. */
export function rolesOf(grader: GraderSpec): readonly Role[] {
  return ROLES.filter((role) => role !== "judge" || asksJudge(grader));
}

/** The grader of a spec, asking this judge; undefined where {@link rolesOf} names none. */
export function graderOf(graders: GraderPort, spec: OptimizeSpec, judge: Model | undefined): Grader {
  return graders.create(spec.grader, {
    ...(judge === undefined ? {} : { judge }),
    ...(spec.evaluationRubric === undefined ? {} : { rubric: spec.evaluationRubric }),
    objectives: spec.objectives,
    context: spec.context,
  });
}

/** The models a job calls, in the order of {@link ROLES}; the judge only where its grader asks it. */
export function modelsCalled(models: RoleModels, grader: Grader): [Role, Model][] {
  return ROLES.flatMap((role) => {
    const model = models[role];
    const isCalled = role !== "judge" || grader.callsPerGrade > 0;
    return model !== undefined && isCalled ? [[role, model] as [Role, Model]] : [];
  });
}

/** The same as the job shows them. */
export function modelUses(models: RoleModels, grader: Grader): ModelUse[] {
  return modelsCalled(models, grader).map(([role, { id, servedBy, simulated }]) => ({
    role,
    modelId: id,
    servedBy,
    simulated,
  }));
}
