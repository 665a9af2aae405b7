import { create, type JsonObject } from "@bufbuild/protobuf";
import { invalidField } from "../../base/errors.ts";
import type { GraderKind, GraderSpec } from "../../domain/spec.ts";
import {
  ContainsGraderSchema,
  ExactGraderSchema,
  type Grader,
  GraderSchema,
  JsonSchemaGraderSchema,
  JudgeGraderSchema,
  MultiGraderSchema,
  NumericGraderSchema,
  RegexGraderSchema,
  SimilarityGraderSchema,
  SimilarityMetric,
  WeightedGraderSchema,
} from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { isJson, NOT_JSON } from "./is-json.ts";

/** Graders inside graders: more levels than this have no use, and every level multiplies what one example costs. */
export const MAX_DEPTH = 3;

const SERVED: Readonly<Record<GraderKind, true>> = {
  judge: true,
  exact: true,
  contains: true,
  regex: true,
  numeric: true,
  json_schema: true,
  similarity: true,
  multi: true,
};

/** The kinds of grader that this version serves, by the names of the contract. */
export const SERVED_KINDS: readonly string[] = Object.keys(SERVED);

type SimilarityName = Extract<GraderSpec, { kind: "similarity" }>["metric"];

const METRIC = {
  token_f1: SimilarityMetric.TOKEN_F1,
  levenshtein: SimilarityMetric.LEVENSHTEIN,
  rouge_l: SimilarityMetric.ROUGE_L,
} as const satisfies Record<SimilarityName, SimilarityMetric>;

/** A grader as a caller sent it. `path` is where it stands; a kind that is not served is refused with those that are. */
export function graderSpec(grader: Grader, path: string, depth = 1): GraderSpec {
  const { kind } = grader;
  switch (kind.case) {
    case "judge":
      return { kind: "judge", ...(kind.value.rubric !== "" && { rubric: kind.value.rubric }) };
    case "exact":
      return { kind: "exact", ignoreCase: kind.value.ignoreCase, keepWhitespace: kind.value.keepWhitespace };
    case "contains":
      return {
        kind: "contains",
        ignoreCase: kind.value.ignoreCase,
        ...(kind.value.text !== "" && { text: kind.value.text }),
      };
    case "regex":
      return {
        kind: "regex",
        pattern: kind.value.pattern,
        ignoreCase: kind.value.ignoreCase,
        groupEqualsIdeal: kind.value.groupEqualsIdeal,
      };
    case "numeric":
      return { kind: "numeric", tolerance: kind.value.tolerance, relative: kind.value.relative };
    case "jsonSchema":
      if (!isJson(kind.value.schema)) throw invalidField(`${path}.json_schema.schema`, NOT_JSON);
      return { kind: "json_schema", schema: kind.value.schema ?? {} };
    case "similarity": {
      const { metric, threshold } = kind.value;
      return {
        kind: "similarity",
        metric: similarityName(metric),
        ...(threshold !== undefined && { threshold }),
      };
    }
    case "multi": {
      if (depth >= MAX_DEPTH)
        throw invalidField(path, `is nested deeper than ${MAX_DEPTH} levels; flatten it`);
      const graders = kind.value.graders.map(({ name, weight, grader: part }, i) => {
        const partPath = `${path}.multi.graders[${i}].grader`;
        if (part === undefined) throw invalidField(partPath, "is missing");
        return { name, weight: weight ?? 1, grader: graderSpec(part, partPath, depth + 1) };
      });
      return { kind: "multi", graders };
    }
    case "code":
    case "webhook":
    case "openai":
      throw notServed(path, kind.case);
    case "graderId":
      throw notServed(path, "grader_id");
    case undefined:
      throw notServed(path, "kind");
  }
}

function notServed(path: string, kind: string) {
  const served = SERVED_KINDS.join(", ");
  return invalidField(`${path}.${kind}`, `is not served by this version; use one of ${served}`);
}

function similarityName(metric: SimilarityMetric): SimilarityName {
  const entries = Object.entries(METRIC) as [SimilarityName, SimilarityMetric][];
  return entries.find(([, proto]) => proto === metric)?.[0] ?? "token_f1";
}

/** Whether this grader compares the output with the example's ideal. */
export function needsIdeal(grader: GraderSpec): boolean {
  switch (grader.kind) {
    case "exact":
    case "numeric":
    case "similarity":
      return true;
    case "contains":
      return grader.text === undefined;
    case "regex":
      return grader.groupEqualsIdeal;
    case "multi":
      return grader.graders.some((part) => needsIdeal(part.grader));
    case "judge":
    case "json_schema":
      return false;
  }
}

/** Whether it looks for the example's ideal in the output, where an empty one would always be found. */
export function searchesIdeal(grader: GraderSpec): boolean {
  if (grader.kind === "multi") return grader.graders.some((part) => searchesIdeal(part.grader));
  return grader.kind === "contains" && grader.text === undefined;
}

/** A grader, in the form a caller could send again. */
export function protoGrader(grader: GraderSpec): Grader {
  return create(GraderSchema, { kind: protoKind(grader) });
}

function protoKind(grader: GraderSpec): Grader["kind"] {
  switch (grader.kind) {
    case "judge":
      return { case: "judge", value: create(JudgeGraderSchema, { rubric: grader.rubric ?? "" }) };
    case "exact":
      return { case: "exact", value: create(ExactGraderSchema, without(grader)) };
    case "contains":
      return { case: "contains", value: create(ContainsGraderSchema, without(grader)) };
    case "regex":
      return { case: "regex", value: create(RegexGraderSchema, without(grader)) };
    case "numeric":
      return { case: "numeric", value: create(NumericGraderSchema, without(grader)) };
    case "json_schema": {
      const schema = grader.schema as JsonObject; // it came in as JSON
      return { case: "jsonSchema", value: create(JsonSchemaGraderSchema, { schema }) };
    }
    case "similarity": {
      const { metric, threshold } = grader;
      return {
        case: "similarity",
        value: create(SimilarityGraderSchema, { metric: METRIC[metric], threshold }),
      };
    }
    case "multi": {
      const graders = grader.graders.map((part) =>
        create(WeightedGraderSchema, {
          name: part.name,
          weight: part.weight,
          grader: protoGrader(part.grader),
        }),
      );
      return { case: "multi", value: create(MultiGraderSchema, { graders }) };
    }
  }
}

/** The fields of a grader beside its kind. */
function without<G extends GraderSpec>(grader: G): Omit<G, "kind"> {
  const { kind: _, ...fields } = grader;
  return fields;
}
