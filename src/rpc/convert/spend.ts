import { create } from "@bufbuild/protobuf";
import { roundUsd } from "../../domain/round.ts";
import type { ModelUse, Spend } from "../../domain/spend.ts";
import { totalCostUsd } from "../../domain/spend.ts";
import {
  ModelUseSchema,
  RoleSpendSchema,
  SpendSchema,
  type ModelUse as ProtoModelUse,
  type Spend as ProtoSpend,
} from "../../../gen/ts/gepa/v1/report_pb.ts";

/** What was paid, with the sum over the roles where every price is known. */
export function protoSpend(spend: Spend): ProtoSpend {
  const total = totalCostUsd(spend);
  return create(SpendSchema, {
    roles: spend.map((role) =>
      create(RoleSpendSchema, {
        role: role.role,
        calls: BigInt(role.calls),
        failedCalls: BigInt(role.failedCalls),
        inputTokens: BigInt(role.inputTokens),
        cachedInputTokens: BigInt(role.cachedInputTokens),
        outputTokens: BigInt(role.outputTokens),
        costUsd: role.costUsd === undefined ? undefined : roundUsd(role.costUsd),
      }),
    ),
    costUsd: total === undefined ? undefined : roundUsd(total),
  });
}

/** A model and who serves it. */
export function protoModelUse(use: ModelUse): ProtoModelUse {
  return create(ModelUseSchema, {
    role: use.role,
    modelId: use.modelId,
    servedBy: use.servedBy,
    simulated: use.simulated,
  });
}
