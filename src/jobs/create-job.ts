import type { NewJobs } from "./new-job.ts";
import type { JobsDeps } from "./ports.ts";
import { resolveSpec } from "./resolve-spec.ts";
import type { UseCases } from "./use-cases.ts";

/** Creates a job from a spec. */
export function createJob(
  deps: Pick<JobsDeps, "limits" | "graders" | "resolveModels">,
  newJobs: NewJobs,
): UseCases["createJob"] {
  return (caller, { spec, iterations, ...key }) =>
    newJobs(caller, {
      ...key,
      route: "CreateJob",
      draft: async () => ({ resolved: resolveSpec(deps, spec, iterations) }),
    });
}
