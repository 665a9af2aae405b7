import { planRun } from "../engine/plan.ts";
import type { Rates } from "../engine/prices.ts";
import { splitExamples } from "../engine/split.ts";
import { ROLES } from "../domain/spend.ts";
import type { Grader } from "../graders/grader.ts";
import type { JobsDeps, RoleModels } from "./ports.ts";
import { resolveSpec } from "./resolve-spec.ts";
import type { UseCases } from "./use-cases.ts";

/** What a job would do and cost. Checks all that a create checks; starts and stores nothing. */
export function estimateJob(
  deps: Pick<JobsDeps, "limits" | "graders" | "resolveModels">,
): UseCases["estimateJob"] {
  return async (_caller, request, iterations) => {
    const { spec, models, uses, grader } = resolveSpec(deps, request, iterations);
    const splits = splitExamples(spec.examples, spec.seed);
    return { ...planRun(spec, splits, ratesOf(models, grader)), splits, models: uses };
  };
}

function ratesOf(models: RoleModels, grader: Grader): Rates {
  const priced = ROLES.flatMap((role) => {
    const { price } = models[role];
    return price === undefined ? [] : [[role, price] as const];
  });
  return { ...Object.fromEntries(priced), callsPerGrade: grader.callsPerGrade };
}
