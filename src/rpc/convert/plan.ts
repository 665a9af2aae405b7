import { create } from "@bufbuild/protobuf";
import type { Plan, Splits } from "../../domain/budget.ts";
import {
  PlanSchema,
  SplitsSchema,
  type Plan as ProtoPlan,
  type Splits as ProtoSplits,
} from "../../../gen/ts/gepa/v1/report_pb.ts";

/** What a budget buys. */
export function protoPlan(plan: Plan): ProtoPlan {
  return create(PlanSchema, {
    iterations: plan.iterations,
    proposals: plan.proposals,
    metricCalls: plan.metricCalls,
    maxMetricCalls: plan.maxMetricCalls,
    modelCalls: plan.modelCalls,
    tokens: BigInt(Math.round(plan.tokens)),
    costUsdLow: plan.costUsdLow,
    costUsdHigh: plan.costUsdHigh,
  });
}

/** How the examples are divided. */
export function protoSplits(splits: Splits): ProtoSplits {
  return create(SplitsSchema, {
    train: [...splits.train],
    validation: [...splits.validation],
    test: [...splits.test],
    policy: splits.policy,
  });
}
