import type { Job } from "../domain/job.ts";
import type { Components, Example, OptimizeSpec, Split } from "../domain/spec.ts";
import type { ReferenceConfigRequest, SpecRequest } from "../domain/spec-request.ts";
import { splitExamples } from "../engine/split.ts";
import type { Store } from "../storage/store.ts";
import { candidateNotFound } from "./get-candidate.ts";
import type { NewJobs } from "./new-job.ts";
import { ownJob } from "./own-job.ts";
import type { JobsDeps } from "./ports.ts";
import { readLog } from "./read-log.ts";
import { resolveSpec } from "./resolve-spec.ts";
import type { ForkJobInput, UseCases } from "./use-cases.ts";

/** Id of the prompt a job began with. */
const SEED_ID = "c0";

/**
 * Creates a job that begins with a candidate of another job of the caller, in whatever state that is. It shares the
 * other's answers, so that what was paid there is not paid again.
 */
export function forkJob(
  deps: Pick<JobsDeps, "store" | "limits" | "graders" | "resolveModels">,
  newJobs: NewJobs,
): UseCases["forkJob"] {
  return (caller, input) => {
    const { fingerprint, requestId, iterations } = input;
    return newJobs(caller, {
      route: "ForkJob",
      fingerprint,
      ...(requestId === undefined ? {} : { requestId }),
      async draft() {
        const parent = await ownJob(deps.store, caller, input.jobId);
        const components = await seedOf(deps.store, parent, input.candidateId);
        return { resolved: resolveSpec(deps, forked(parent.spec, components, input), iterations), parent };
      },
    });
  };
}

/** The text of a candidate: from the job itself where that shows it, else from its log. */
async function seedOf(
  store: Pick<Store, "events">,
  job: Job,
  candidateId: string | undefined,
): Promise<Components> {
  const { result, progress, spec } = job;
  const seed = { candidateId: SEED_ID, components: spec.components };
  if (candidateId === undefined) return (result?.champion ?? progress.bestSoFar ?? seed).components;
  const shown = [result?.champion, result?.bestCandidate, progress.bestSoFar, seed];
  const known = shown.find((candidate) => candidate?.candidateId === candidateId);
  if (known !== undefined) return known.components;
  for await (const { data } of readLog(store, job, "generate")) {
    if (data.candidateId === candidateId) return data.components;
  }
  throw candidateNotFound(job.id, candidateId);
}

function forked(spec: OptimizeSpec, components: Components, asked: ForkJobInput): SpecRequest {
  const { reference, ...inherited } = spec.config;
  const isReference = (asked.config.profile ?? inherited.profile) === "reference"; // a fork to another one leaves them
  return {
    ...spec,
    components,
    examples: withSplits(spec),
    budget: { ...spec.budget, ...asked.budget },
    config: {
      ...inherited,
      ...asked.config,
      operators: { ...inherited.operators, ...asked.config.operators },
      ...(isReference && { reference: withKnobs(reference, asked.config.reference) }),
    },
    seed: asked.seed ?? spec.seed,
  };
}

function withKnobs(
  own: ReferenceConfigRequest = {},
  asked: ReferenceConfigRequest = {},
): ReferenceConfigRequest {
  return {
    ...own,
    ...asked,
    sampling: { ...own.sampling, ...asked.sampling },
    reflectionTemplates: { ...own.reflectionTemplates, ...asked.reflectionTemplates },
  };
}

/**
 * The examples with the split that the job drew. Another seed would draw another one, and the fork's test would hold
 * examples that its first prompt was made from: a report on data it never saw must not do that.
 */
function withSplits({ examples, seed }: OptimizeSpec): readonly Example[] {
  const { policy, train, validation, test } = splitExamples(examples, seed);
  if (policy !== "shuffled") return examples;
  const splits = { train, validation, test } satisfies Record<Split, readonly string[]>;
  const splitOf = new Map(
    (Object.keys(splits) as Split[]).flatMap((split) => splits[split].map((id) => [id, split] as const)),
  );
  return examples.map((example) => {
    const split = splitOf.get(example.id);
    return split === undefined ? example : { ...example, split };
  });
}
