import type { DefaultModel } from "../app/model-roles.ts";
import type { Config } from "../config/load-config.ts";

/** What is known once the service listens. */
export interface BannerInput {
  readonly version: string;
  readonly url: string;
  readonly config: Config;
  readonly models: readonly DefaultModel[];
}

/** The first lines that a person reads: where it is, who may call, which models answer, where data lies, what is missing. */
export function bannerLines({ version, url, config, models }: BannerInput): string[] {
  const rows: [label: string, text: string][] = [
    ["listening", `${url}  (gRPC, gRPC-Web, Connect, REST and SSE on this one port)`],
    ["try it", `${url}/docs lists the REST calls`],
    ["access", access(config)],
    ...models.map((model): [string, string] => [model.role, modelText(model)]),
    ["data", data(config)],
  ];
  if (models.some((m) => m.simulated)) {
    rows.push([
      "note",
      "simulated models show how a job goes; their scores say nothing about a real model. Set OPENAI_API_KEY, OPENAI_BASE_URL or OPENROUTER_API_KEY for real ones.",
    ]);
  }
  return [`gepa-next ${version}`, ...rows.map(([label, text]) => `  ${label.padEnd(11)}${text}`)];
}

function data(config: Config): string {
  if (config.databaseUrl === undefined) return config.dataDir;
  const part = { all: "serves calls and runs jobs", api: "serves calls", worker: "runs jobs" }[config.role];
  return `Postgres, shared with other nodes; this one ${part}`;
}

function access(config: Config): string {
  const tokens = config.apiBearerTokens.length;
  const known = tokens === 0 ? "" : `; ${tokens} ${tokens === 1 ? "token is" : "tokens are"} known`;
  if (config.dev) return `--dev: callers need no token${known}`;
  if (!config.requireAuth) return `REQUIRE_AUTH=false: callers need no token${known}`;
  if (tokens > 0) return `callers need a token${known}`;
  return "every call is refused with 401, for no token is known. Set API_BEARER_TOKENS, or start with --dev.";
}

function modelText(model: DefaultModel): string {
  if (model.missing !== undefined) return `${model.modelId}  MISSING: ${model.missing}`;
  return model.simulated ? `${model.modelId}  SIMULATED` : `${model.modelId}  (${model.servedBy})`;
}
