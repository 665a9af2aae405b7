import { planRun } from "../engine/plan.ts";
import { ratesOf } from "../engine/run.ts";
import { splitExamples } from "../engine/split.ts";
import type { JobsDeps } from "./ports.ts";
import { resolveSpec } from "./resolve-spec.ts";
import type { UseCases } from "./use-cases.ts";

/** What a job would do and cost. Checks all that a create checks; starts and stores nothing. */
export function estimateJob(
  deps: Pick<JobsDeps, "limits" | "graders" | "resolveModels">,
): UseCases["estimateJob"] {
  return async (_caller, request, iterations) => {
    const { spec, models, uses, grader } = resolveSpec(deps, request, iterations);
    const splits = splitExamples(spec.examples, spec.seed);
    return { ...planRun(spec, splits, ratesOf({ ...models, grader })), splits, models: uses };
  };
}
