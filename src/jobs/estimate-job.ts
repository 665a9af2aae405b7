import type { JobsDeps } from "./ports.ts";
import { resolveSpec } from "./resolve-spec.ts";
import type { UseCases } from "./use-cases.ts";

/** What a job would do and cost. Checks all that a create checks; starts and stores nothing. */
export function estimateJob(
  deps: Pick<JobsDeps, "limits" | "graders" | "engine" | "resolveModels">,
): UseCases["estimateJob"] {
  return async (_caller, request, iterations) => {
    const { spec, models, uses, grader } = resolveSpec(deps, request, iterations);
    const { plan, splits, warnings, detectableLift } = deps.engine.plan({ spec, models, grader });
    return {
      plan,
      splits,
      models: uses,
      warnings,
      ...(detectableLift === undefined ? {} : { detectableLift }),
    };
  };
}
