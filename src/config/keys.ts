import { modelPrices } from "./prices.ts";
import type { Secret } from "./secret.ts";
import {
  choice,
  flag,
  httpUrl,
  integer,
  list,
  origin,
  postgresUrl,
  seconds,
  secret,
  text,
  token,
  type ValueType,
} from "./value.ts";

/** One thing that can be configured. */
export interface Key<T> {
  /** Name of the environment variable, the same in `.env`. */
  readonly env: string;
  /** What it decides, as it stands in docs/ENV.md. */
  readonly doc: string;
  readonly type: ValueType<T>;
  /** Value where nothing is configured, as the text one would have written; absent where there is none. */
  readonly fallback?: string;
}

/** A key that always has a value. */
interface KeyWithDefault<T> extends Key<T> {
  readonly fallback: string;
}

function key<T>(env: string, type: ValueType<T>, fallback: string, doc: string): KeyWithDefault<T> {
  return { env, type, fallback, doc };
}

function optionalKey<T>(env: string, type: ValueType<T>, doc: string): Key<T> {
  return { env, type, doc };
}

const MINUTE_S = 60;
const HOUR_S = 3600;
const DAY_S = 86_400;
const MIB = 1_048_576;

/** Everything that can be configured, in the order of docs/ENV.md. */
export const KEYS = {
  host: key("HOST", text, "127.0.0.1", "Address to listen on. Anything but loopback needs tokens."),
  port: key("PORT", integer(0, 65_535), "8000", "Port to listen on; 0 takes a free one."),
  dataDir: key("DATA_DIR", text, ".gepa-next", "Folder of the database, made where it is missing."),
  databaseUrl: optionalKey(
    "DATABASE_URL",
    postgresUrl,
    "Postgres database that many nodes share, in place of the one in DATA_DIR.",
  ),
  databaseListenUrl: optionalKey(
    "DATABASE_LISTEN_URL",
    postgresUrl,
    "Direct address of the same database, where DATABASE_URL leads to a transaction pooler.",
  ),
  role: key(
    "SERVE_ROLE",
    choice(["all", "api", "worker"]),
    "all",
    "Part of the service that this process is: it serves calls, runs jobs, or does both. Parts need DATABASE_URL.",
  ),
  tlsCertFile: optionalKey(
    "TLS_CERT_FILE",
    text,
    "PEM file of the certificate chain; with it the port is encrypted.",
  ),
  tlsKeyFile: optionalKey("TLS_KEY_FILE", text, "PEM file of the certificate's private key."),
  logLevel: key(
    "LOG_LEVEL",
    choice(["debug", "info", "warn", "error"]),
    "info",
    "Least important log lines that are written.",
  ),

  apiBearerTokens: key(
    "API_BEARER_TOKENS",
    list(token),
    "",
    "Tokens that callers may send. Each token owns the jobs it creates and sees no others.",
  ),
  requireAuth: key(
    "REQUIRE_AUTH",
    flag,
    "true",
    "With false, calls without a token are served as one anonymous owner. Where tokens are known, a wrong one is refused all the same.",
  ),
  metricsRequireAuth: key(
    "METRICS_REQUIRE_AUTH",
    flag,
    "false",
    "Metrics are for callers with a token only.",
  ),
  corsAllowedOrigins: key(
    "CORS_ALLOWED_ORIGINS",
    list(origin),
    "",
    "Web pages that may call the service from a browser.",
  ),
  trustProxy: key(
    "TRUST_PROXY",
    flag,
    "false",
    "Take the caller's address from X-Forwarded-For. Only behind a proxy that sets it.",
  ),

  targetModelDefault: key(
    "TARGET_MODEL_DEFAULT",
    text,
    "openai/gpt-5-mini",
    "Model whose prompt is improved where a request names none.",
  ),
  judgeModelId: key(
    "JUDGE_MODEL_ID",
    text,
    "openai/gpt-5",
    "Model that scores outputs. Fixed for the server, so that scores stay comparable.",
  ),
  reflectionModelId: optionalKey(
    "REFLECTION_MODEL_ID",
    text,
    "Model that reads the failures and writes better prompts. Default: the judge's.",
  ),
  openaiApiKey: optionalKey(
    "OPENAI_API_KEY",
    secret,
    "Key of OpenAI, or of the endpoint at OPENAI_BASE_URL.",
  ),
  openaiBaseUrl: optionalKey(
    "OPENAI_BASE_URL",
    httpUrl,
    "Any OpenAI-compatible endpoint, such as http://127.0.0.1:11434/v1. Default: OpenAI's own.",
  ),
  openrouterApiKey: optionalKey(
    "OPENROUTER_API_KEY",
    secret,
    "Key of OpenRouter, which then serves every model that no other provider does.",
  ),
  openrouterBaseUrl: optionalKey("OPENROUTER_BASE_URL", httpUrl, "OpenRouter's address. Default: its own."),
  modelTimeoutS: key("MODEL_TIMEOUT_S", seconds(1, HOUR_S), "120", "Time one try of a model call may take."),
  modelMaxRetries: key(
    "MODEL_MAX_RETRIES",
    integer(0, 20),
    "5",
    "Further tries of a model call that failed for a reason that may pass.",
  ),
  modelConcurrency: key(
    "MODEL_CONCURRENCY",
    integer(1, 1000),
    "8",
    "Calls in flight at once, over all jobs, for each provider.",
  ),
  modelPrices: key(
    "MODEL_PRICES",
    modelPrices,
    "{}",
    "Prices of models whose price is not known, or that cost you something else. A budget in dollars needs them.",
  ),
  demoLatencyMs: key(
    "DEMO_LATENCY_MS",
    integer(0, 60_000),
    "50",
    "How long a simulated model takes to answer, so that a demo can be watched.",
  ),

  maxIterations: key("MAX_ITERATIONS", integer(1, 1_000_000), "1000", "Most iterations a job may ask for."),
  maxRunningJobs: key("MAX_RUNNING_JOBS", integer(1, 10_000), "8", "Jobs that run at once; others wait."),
  maxOpenJobsPerOwner: key(
    "MAX_OPEN_JOBS_PER_OWNER",
    integer(1, 1_000_000),
    "1000",
    "Jobs of one owner that may wait or run at once.",
  ),
  idempotencyTtlS: key(
    "IDEMPOTENCY_TTL_S",
    seconds(1, 365 * DAY_S),
    `${DAY_S}`,
    "How long an Idempotency-Key is remembered.",
  ),
  jobRetentionDays: key(
    "JOB_RETENTION_DAYS",
    integer(0, 36_500),
    "0",
    "Days after its end that a job is kept with all it left; 0 keeps it for ever.",
  ),
  eventRetentionDays: key(
    "EVENT_RETENTION_DAYS",
    integer(0, 36_500),
    "0",
    "Days after a job's end that its whole log is kept, then only its last two events; 0 keeps it as long as the job.",
  ),

  maxRequestBytes: key(
    "MAX_REQUEST_BYTES",
    integer(1024, 64 * MIB),
    `${4 * MIB}`,
    "Largest request body or message.",
  ),
  rateLimitPerMin: key(
    "RATE_LIMIT_PER_MIN",
    integer(0, 1_000_000),
    "60",
    "Writing calls a minute for each token, or each client where there is none; 0 lifts the limit.",
  ),
  rateLimitBurst: key(
    "RATE_LIMIT_BURST",
    integer(1, 1_000_000),
    "30",
    "Writing calls that may come at once.",
  ),
  maxStreamsPerCaller: key(
    "MAX_STREAMS_PER_CALLER",
    integer(1, 1_000_000),
    "100",
    "Open streams of each token, or each client where there is none.",
  ),
  maxConnections: key("MAX_CONNECTIONS", integer(1, 1_000_000), "10000", "Open connections at once."),
  sseRetryMs: key(
    "SSE_RETRY_MS",
    integer(0, 10 * MINUTE_S * 1000),
    "1000",
    "Wait before a client reconnects an event stream, told to it in each stream.",
  ),
  ssePingIntervalS: key(
    "SSE_PING_INTERVAL_S",
    seconds(0.1, 10 * MINUTE_S),
    "15",
    "Time between heartbeats of a silent event stream.",
  ),
  shutdownGraceS: key(
    "SHUTDOWN_GRACE_S",
    seconds(0, HOUR_S),
    "10",
    "Time that open calls, and answers that wait to be recorded, get after a stop was asked for.",
  ),
} as const;

/** Name of a key in {@link KEYS}. */
export type KeyName = keyof typeof KEYS;

type ValueOf<K> = K extends KeyWithDefault<infer T> ? T : K extends Key<infer T> ? T | undefined : never;

/** A value for every key, before the rules that span several of them. */
export type Values = { readonly [K in KeyName]: ValueOf<(typeof KEYS)[K]> };

/** The secrets among the values, for whoever has to keep them out of what is printed. */
export function secretsOf(values: Values): Secret[] {
  const { apiBearerTokens, openaiApiKey, openrouterApiKey, databaseUrl, databaseListenUrl } = values;
  const single = [openaiApiKey, openrouterApiKey, databaseUrl, databaseListenUrl];
  return [...apiBearerTokens, ...single.filter((s) => s !== undefined)];
}
