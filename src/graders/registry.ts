import type { GraderKind, GraderSpec } from "../domain/spec.ts";
import type { Model } from "../models/model.ts";
import { createContains } from "./contains.ts";
import { judgedCriteria } from "../domain/objectives.ts";
import { createExact } from "./exact.ts";
import type { Grader } from "./grader.ts";
import { createJsonSchema } from "./json-schema.ts";
import { createJudge } from "./judge.ts";
import { createMulti } from "./multi.ts";
import { createNumeric } from "./numeric.ts";
import { createRegex } from "./regex.ts";
import { createSimilarity } from "./similarity.ts";

/** What graders are made with. */
export interface GraderDeps {
  /** For the kinds that ask one. */
  readonly judge?: Model;
  /** The job's rubric; a judge grader's own wins over it. */
  readonly rubric?: string;
  /** The job's objectives; those that are not measured are criteria for the judge. */
  readonly objectives: readonly string[];
  /** The job's background, shown to the judge. */
  readonly context: Readonly<Record<string, string>>;
  /** Samples a judge is asked for until one is valid; the judge's own default where absent. */
  readonly maxAttempts?: number;
}

type Factory<K extends GraderKind> = (spec: Extract<GraderSpec, { kind: K }>, deps: GraderDeps) => Grader;

const FACTORIES = {
  judge: (spec, deps) => {
    if (deps.judge === undefined) throw new Error("a grader that asks a judge was made without one");
    const rubric = spec.rubric || deps.rubric;
    return createJudge({
      judge: deps.judge,
      ...(rubric === undefined ? {} : { rubric }),
      criteria: judgedCriteria(deps.objectives),
      context: deps.context,
      ...(deps.maxAttempts === undefined ? {} : { maxAttempts: deps.maxAttempts }),
    });
  },
  exact: createExact,
  contains: createContains,
  regex: createRegex,
  numeric: createNumeric,
  json_schema: createJsonSchema,
  similarity: createSimilarity,
  multi: (spec, deps) =>
    createMulti(spec.graders.map((part) => ({ ...part, grader: createGrader(part.grader, deps) }))),
} satisfies { [K in GraderKind]: Factory<K> };

/**
 * The grader a spec describes. Throws `validation_error` where a pattern or schema is not valid; `checkGrader` tells
 * the same with the field's full path.
 */
export function createGrader(spec: GraderSpec, deps: GraderDeps): Grader {
  const factory = FACTORIES[spec.kind] as (spec: GraderSpec, deps: GraderDeps) => Grader;
  return factory(spec, deps);
}
