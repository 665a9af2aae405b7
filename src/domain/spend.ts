/** Who a model call is made for. */
export const ROLES = ["target", "judge", "reflection"] as const;
export type Role = (typeof ROLES)[number];

/** A model and who serves it. */
export interface ModelUse {
  readonly role: Role;
  /** As the caller or the configuration named it. */
  readonly modelId: string;
  /** Provider and model that answer, such as "openai:gpt-5-mini" or "demo:target". */
  readonly servedBy: string;
  readonly simulated: boolean;
}

/** What was paid for one role. */
export interface RoleSpend {
  readonly role: Role;
  readonly calls: number;
  readonly failedCalls: number;
  readonly inputTokens: number;
  readonly cachedInputTokens: number;
  readonly outputTokens: number;
  /** Absent where the model has no known price. */
  readonly costUsd?: number;
}

/** What was paid, one entry a role that was called, in the order of {@link ROLES}. */
export type Spend = readonly RoleSpend[];

/** US dollars over all roles; undefined where one of them has no known price. */
export function totalCostUsd(spend: Spend): number | undefined {
  let sum = 0;
  for (const role of spend) {
    if (role.costUsd === undefined) return undefined;
    sum += role.costUsd;
  }
  return sum;
}
