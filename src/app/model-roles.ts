import { AppError } from "../base/errors.ts";
import type { Config } from "../config/load-config.ts";
import { ROLES, type Role } from "../domain/spend.ts";
import type { JobsDeps, RoleModels } from "../jobs/ports.ts";
import type { Models, ModelsConfig } from "../models/registry.ts";

/** The models' share of the configuration. */
export function modelsConfig(config: Config): ModelsConfig {
  const { openaiApiKey, openaiBaseUrl, openrouterApiKey, openrouterBaseUrl } = config;
  return {
    ...((openaiApiKey !== undefined || openaiBaseUrl !== undefined) && {
      openai: {
        ...(openaiApiKey !== undefined && { apiKey: openaiApiKey.reveal() }),
        ...(openaiBaseUrl !== undefined && { baseUrl: openaiBaseUrl }),
      },
    }),
    ...(openrouterApiKey !== undefined && {
      openrouter: {
        apiKey: openrouterApiKey.reveal(),
        ...(openrouterBaseUrl !== undefined && { baseUrl: openrouterBaseUrl }),
      },
    }),
    dev: config.dev,
    timeoutMs: config.modelTimeoutS * 1000,
    maxRetries: config.modelMaxRetries,
    concurrency: config.modelConcurrency,
    prices: config.modelPrices,
    demoLatencyMs: config.demoLatencyMs,
  };
}

/** The models of a job: judge and reflection are the server's, the target is the caller's or the server's default. */
export function modelsByRole(config: Config, models: Models): JobsDeps["resolveModels"] {
  return (targetModelId = config.targetModelDefault, roles): RoleModels => ({
    target: models.resolve(targetModelId, "target"),
    ...(roles.includes("judge") && { judge: models.resolve(config.judgeModelId, "judge") }),
    reflection: models.resolve(config.reflectionModelId, "reflection"),
  });
}

/** The model that answers for a role where a request names none. */
export interface DefaultModel {
  readonly role: Role;
  readonly modelId: string;
  readonly servedBy: string;
  readonly simulated: boolean;
  /** Why it can not answer, and what to do: no provider is configured for it. */
  readonly missing?: string;
}

/** What would answer for each role. A role without a provider is told rather than thrown: the server starts without. */
export function defaultModels(config: Config, models: Models): DefaultModel[] {
  const ids: Readonly<Record<Role, string>> = {
    target: config.targetModelDefault,
    judge: config.judgeModelId,
    reflection: config.reflectionModelId,
  };
  return ROLES.map((role) => {
    const modelId = ids[role];
    try {
      const { servedBy, simulated } = models.resolve(modelId, role);
      return { role, modelId, servedBy, simulated };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { role, modelId, servedBy: "", simulated: false, missing: error.message };
    }
  });
}
