import { create } from "@bufbuild/protobuf";
import type { JsonObject } from "@bufbuild/protobuf";
import { type Example, type OptimizeSpec, PROMPT_COMPONENT, type Split } from "../../domain/spec.ts";
import {
  BudgetSchema,
  ConstraintsSchema,
  ExampleSchema,
  OptimizeConfigSchema,
  OptimizeSpecSchema,
  Split as ProtoSplit,
  type Example as ProtoExample,
  type OptimizeSpec as ProtoOptimizeSpec,
} from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { protoGrader } from "./grader.ts";
import { protoReferenceConfig } from "./reference-config.ts";

const SPLIT = {
  train: ProtoSplit.TRAIN,
  validation: ProtoSplit.VALIDATION,
  test: ProtoSplit.TEST,
} as const satisfies Record<Split, ProtoSplit>;

/** A resolved spec, in the form a caller could send again. */
export function protoSpec(spec: OptimizeSpec): ProtoOptimizeSpec {
  const { [PROMPT_COMPONENT]: prompt, ...others } = spec.components;
  const plain = prompt !== undefined && Object.keys(others).length === 0;
  const { maxTokens, ...budget } = spec.budget;
  const { mustKeep, mustNotContain, ...constraints } = spec.constraints;
  const { reference, ...config } = spec.config;
  return create(OptimizeSpecSchema, {
    ...(plain ? { prompt } : { components: { ...spec.components } }),
    targetModelId: spec.targetModelId,
    examples: spec.examples.map(protoExample),
    grader: protoGrader(spec.grader),
    evaluationRubric: spec.evaluationRubric ?? "",
    objectives: [...spec.objectives],
    context: { ...spec.context },
    budget: create(BudgetSchema, {
      ...budget,
      maxTokens: maxTokens === undefined ? undefined : BigInt(maxTokens),
    }),
    constraints: create(ConstraintsSchema, {
      ...constraints,
      mustKeep: [...mustKeep],
      mustNotContain: [...mustNotContain],
    }),
    config: create(OptimizeConfigSchema, {
      ...config,
      operators: { ...config.operators },
      ...(reference && { reference: protoReferenceConfig(reference) }),
    }),
    seed: BigInt(spec.seed),
    name: spec.name ?? "",
  });
}

function protoExample(example: Example): ProtoExample {
  return create(ExampleSchema, {
    id: example.id,
    input: example.input,
    ideal: example.ideal,
    split: example.split === undefined ? ProtoSplit.UNSPECIFIED : SPLIT[example.split],
    metadata: example.metadata as JsonObject | undefined,
  });
}

/** The split an example asks for; undefined leaves it to the service. */
export function splitOf(split: ProtoSplit): Split | undefined {
  const entries = Object.entries(SPLIT) as [Split, ProtoSplit][];
  return entries.find(([, proto]) => proto === split)?.[0];
}
