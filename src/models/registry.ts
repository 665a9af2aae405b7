import type { Clock } from "../base/clock.ts";
import { AppError } from "../base/errors.ts";
import type { Metrics } from "../base/metrics.ts";
import type { Rng } from "../base/rng.ts";
import { ROLES, type Role } from "../domain/spend.ts";
import { createDemoModel } from "./demo/demo-model.ts";
import { limited } from "./limited.ts";
import { createLimiter } from "./limiter.ts";
import { metered } from "./metered.ts";
import type { Model, Price } from "./model.ts";
import { isLocal } from "./openai/is-local.ts";
import { createOpenAi, OPENAI_BASE_URL, OPENROUTER_BASE_URL } from "./openai/openai.ts";
import { priced } from "./priced.ts";
import { listPrice } from "./prices.ts";
import { retrying } from "./retrying.ts";
import { remedyFor, routeOf } from "./route.ts";

/** An OpenAI-compatible endpoint. */
export interface EndpointConfig {
  /** May be absent for an endpoint on this machine or in this network. */
  readonly apiKey?: string;
  /** The provider's own address where absent. */
  readonly baseUrl?: string;
}

/** Everything that decides who serves a model. */
export interface ModelsConfig {
  readonly openai?: EndpointConfig;
  readonly openrouter?: EndpointConfig;
  /** A model nobody serves gets a simulated stand-in instead of a refusal. */
  readonly dev: boolean;
  /** Time one try of a call may take. */
  readonly timeoutMs: number;
  /** Further tries of a call whose failure may pass. */
  readonly maxRetries: number;
  /** Calls in flight, for each provider. */
  readonly concurrency: number;
  /** By model id as callers send it, or by the provider's name of the model; wins over the list prices. */
  readonly prices: Readonly<Record<string, Price>>;
  /** Simulated time of a simulated answer. */
  readonly demoLatencyMs: number;
}

/** What models need from the world. */
export interface ModelsDeps {
  readonly clock: Clock;
  readonly rng: Rng;
  readonly metrics: Metrics;
}

/** The models there are. */
export interface Models {
  /**
   * The model of that id for a role: with its limiter, retries, timeout, price and metrics. Throws
   * `model_not_configured` with the variable to set where nobody serves it.
   */
  resolve(modelId: string, role: Role): Model;
}

/** Kinds of providers. */
export type ProviderKind = "openai" | "openrouter" | "demo";

/** One provider: makes the plain model of a name; `id` is what the caller sent. */
type Provider = (name: string, id: string) => Model;

/** Opens a provider; undefined where it is not configured. */
type Factory = (config: ModelsConfig, deps: ModelsDeps) => Provider | undefined;

const PROVIDERS = {
  openai: (config, deps) => {
    const baseUrl = config.openai?.baseUrl ?? OPENAI_BASE_URL;
    if (config.openai === undefined) return undefined;
    if (config.openai.apiKey === undefined && !isLocal(baseUrl)) return undefined;
    return endpoint("openai", config, { ...config.openai, baseUrl }, deps);
  },
  openrouter: (config, deps) => {
    if (config.openrouter?.apiKey === undefined) return undefined;
    const baseUrl = config.openrouter.baseUrl ?? OPENROUTER_BASE_URL;
    return endpoint("openrouter", config, { ...config.openrouter, baseUrl }, deps);
  },
  demo: (config, deps) => (name, id) => {
    const role = ROLES.find((r) => r === name);
    if (role !== undefined) {
      return createDemoModel(role, id, { clock: deps.clock, latencyMs: config.demoLatencyMs });
    }
    throw new AppError(
      "model_not_configured",
      `There is no simulated model "${id}"; there are ${ROLES.map((r) => `demo/${r}`).join(", ")}.`,
    );
  },
} satisfies Record<ProviderKind, Factory>;

function endpoint(
  kind: "openai" | "openrouter",
  config: ModelsConfig,
  { apiKey, baseUrl }: EndpointConfig & { readonly baseUrl: string },
  { clock }: ModelsDeps,
): Provider {
  const open = createOpenAi({
    provider: kind,
    baseUrl,
    timeoutMs: config.timeoutMs,
    clock,
    ...(apiKey === undefined ? {} : { apiKey }),
  });
  const limiter = createLimiter({ clock, concurrency: config.concurrency });
  // A list price holds where the list's owner serves the model, directly or by way of OpenRouter.
  const listed = (name: string) => {
    if (kind === "openai") return baseUrl === OPENAI_BASE_URL ? listPrice(name) : undefined;
    return name.startsWith("openai/") ? listPrice(name.slice("openai/".length)) : undefined;
  };
  return (name, id) => {
    const price = own(config.prices, id) ?? own(config.prices, name) ?? listed(name);
    return limited(priced(open(name, id), price), limiter);
  };
}

/** A configured price; ids are callers' words, and "toString" is in every object. */
function own(prices: ModelsConfig["prices"], id: string): Price | undefined {
  return Object.hasOwn(prices, id) ? prices[id] : undefined;
}

/** Opens the configured providers, each with one limiter for all its models. */
export function createModels(config: ModelsConfig, deps: ModelsDeps): Models {
  const providers = {
    openai: PROVIDERS.openai(config, deps),
    openrouter: PROVIDERS.openrouter(config, deps),
    demo: PROVIDERS.demo(config, deps),
  } satisfies Record<ProviderKind, Provider | undefined>;
  const configured = {
    openai: providers.openai !== undefined,
    openrouter: providers.openrouter !== undefined,
  };

  const plain = (modelId: string, role: Role): Model => {
    if (modelId.startsWith("demo/")) return providers.demo(modelId.slice("demo/".length), modelId);
    const route = routeOf(modelId, configured);
    const provider = route && providers[route.provider];
    if (route !== undefined && provider !== undefined) return provider(route.model, modelId);
    if (config.dev) return providers.demo(role, modelId);
    throw new AppError(
      "model_not_configured",
      `No provider is configured for the model "${modelId}". ${remedyFor(modelId)}`,
      { metadata: { model: modelId } },
    );
  };

  return {
    resolve: (modelId, role) =>
      retrying(metered(plain(modelId, role), { role, ...deps }), {
        role,
        maxRetries: config.maxRetries,
        ...deps,
      }),
  };
}
