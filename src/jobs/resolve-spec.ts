import { AppError, type FieldViolation } from "../base/errors.ts";
import type { Budget, GraderSpec, OptimizeSpec, SearchConfig } from "../domain/spec.ts";
import { REFERENCE_CONFIG_DEFAULTS, type ReferenceConfig } from "../domain/reference-config.ts";
import type {
  BudgetRequest,
  ReferenceConfigRequest,
  SearchConfigRequest,
  SpecRequest,
} from "../domain/spec-request.ts";
import type { ModelUse } from "../domain/spend.ts";
import type { Grader } from "../graders/grader.ts";
import { checkIterations, checkPrices, checkSpec } from "./check-spec.ts";
import { checkProfile, checkReflectionPrice } from "./check-reference.ts";
import { graderOf, modelUses, rolesOf } from "./grading.ts";
import type { JobsDeps, RoleModels } from "./ports.ts";

/** Iterations where the caller does not say: enough to see whether a prompt can be improved, cheap enough to try. */
const DEFAULT_ITERATIONS = 10;
/** Proposals in flight: one after the other, so that each builds on the last (classic GEPA). */
const DEFAULT_WIDTH = 1;
/** Examples a proposal is tried on before full validation (GEPA, arXiv 2507.19457, section 3). */
const DEFAULT_MINIBATCH = 3;
/** Output cap of the target model in tokens. */
const DEFAULT_MAX_TOKENS = 1024;
/** Grades of one output at most, and only where the judge is noisy: a fifth would move the mean by a tenth of its noise. */
const DEFAULT_MAX_GRADES = 4;
/** The fixed judge scores where the request names no grader. */
const DEFAULT_GRADER: GraderSpec = { kind: "judge" };

/** A request with every default filled in, and what it resolves to on this server. */
export interface ResolvedSpec {
  readonly spec: OptimizeSpec;
  readonly models: RoleModels;
  readonly uses: readonly ModelUse[];
  readonly grader: Grader;
}

/**
 * Fills in every default and checks what the edges can not. All faults are told at once (`validation_error`);
 * `model_not_configured` where a model has no provider. `iterations` wins over the budget's; nothing is clamped.
 */
export function resolveSpec(
  deps: Pick<JobsDeps, "limits" | "graders" | "resolveModels">,
  request: SpecRequest,
  iterations: number | undefined,
): ResolvedSpec {
  const grading = request.grader ?? DEFAULT_GRADER;
  const models = deps.resolveModels(request.targetModelId, rolesOf(grading));
  const spec = withDefaults(
    { ...request, grader: grading },
    iterations,
    models.target.id,
    deps.limits.maxIterations,
  );
  const iterationsField = iterations === undefined ? "budget.max_iterations" : "iterations";
  refuse([
    ...checkIterations(iterationsField, spec.budget.maxIterations, deps.limits.maxIterations),
    ...checkProfile(request.config),
    ...checkSpec(deps, spec),
  ]);
  const grader = graderOf(deps.graders, spec, models.judge);
  refuse([...checkPrices(spec, models, grader), ...checkReflectionPrice(spec, models)]);
  return { spec, models, uses: modelUses(models, grader), grader };
}

function refuse(violations: readonly FieldViolation[]): void {
  const [first] = violations;
  if (first === undefined) return;
  const more = violations.length > 1 ? ` (and ${violations.length - 1} more)` : "";
  throw new AppError("validation_error", `${first.field}: ${first.description}${more}.`, { violations });
}

function withDefaults(
  request: SpecRequest & { readonly grader: GraderSpec },
  iterations: number | undefined,
  targetModelId: string,
  maxIterations: number,
): OptimizeSpec {
  return {
    ...defined({ name: request.name, evaluationRubric: request.evaluationRubric }),
    components: request.components,
    targetModelId,
    examples: request.examples.map((example, i) => ({ ...example, id: example.id ?? String(i + 1) })),
    grader: request.grader,
    objectives: request.objectives,
    context: request.context,
    budget: budgetOf(request.budget, iterations, maxIterations),
    constraints: request.constraints,
    config: configOf(request.config),
    seed: request.seed,
  };
}

function budgetOf(budget: BudgetRequest, iterations: number | undefined, max: number): Budget {
  const fallback = Math.min(DEFAULT_ITERATIONS, max);
  return { ...defined(budget), maxIterations: iterations ?? budget.maxIterations ?? fallback };
}

function configOf(config: SearchConfigRequest): SearchConfig {
  const profile = config.profile ?? "default";
  const { reference, ...others } = config;
  return {
    ...defined(others),
    width: config.width ?? DEFAULT_WIDTH,
    minibatchSize: config.minibatchSize ?? DEFAULT_MINIBATCH,
    operators: config.operators,
    selection: config.selection ?? "pareto",
    merge: config.merge ?? profile !== "reference", // gepa 0.1.4 merges only where asked to
    maxTokens: config.maxTokens ?? DEFAULT_MAX_TOKENS,
    maxGrades: config.maxGrades ?? DEFAULT_MAX_GRADES,
    profile,
    ...(profile === "reference" && { reference: referenceOf(reference ?? {}) }),
  };
}

function referenceOf({ sampling, ...config }: ReferenceConfigRequest): ReferenceConfig {
  return {
    ...REFERENCE_CONFIG_DEFAULTS,
    ...defined(config),
    sampling: { ...REFERENCE_CONFIG_DEFAULTS.sampling, ...sampling },
  };
}

/** The fields that have a value. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
