import { parseEnv } from "node:util";
import { ConfigError, type ConfigFault } from "./config-error.ts";
import { KEYS, type KeyName, type Key, type Values } from "./keys.ts";
import { startFaults } from "./start-rules.ts";

/** Where values come from, the strongest first: flags, environment, `.env`, defaults. A blank text counts as absent. */
export interface ConfigSources {
  /** Values given on the command line, as texts. */
  readonly flags: Readonly<Partial<Record<KeyName, string>>> & { readonly dev?: boolean };
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Text of the `.env` file; empty where there is none. */
  readonly envFile: string;
  /** Reads a file that a `*_FILE` variable names; throws where it can not. */
  readonly readFile: (path: string) => string;
}

/** The configuration: frozen, complete, and checked as a whole. */
export type Config = Values & {
  /** `--dev`: callers need no token, and simulated models stand in where no provider is configured. */
  readonly dev: boolean;
  readonly reflectionModelId: string;
  /** Whether any provider of real models is configured. */
  readonly hasProvider: boolean;
};

/** The models that answer under `--dev` where no provider is configured. */
const DEMO_MODELS = {
  targetModelDefault: "demo/target",
  judgeModelId: "demo/judge",
  reflectionModelId: "demo/reflection",
} as const;

/** Makes the configuration out of its sources. Throws a {@link ConfigError} that names every fault. */
export function loadConfig(sources: ConfigSources): Config {
  const faults: ConfigFault[] = [];
  const environment = layered(sources.env, parseEnv(sources.envFile));
  const texts: Partial<Record<KeyName, string>> = {};
  const values: Partial<Record<KeyName, unknown>> = {};
  for (const [name, key] of Object.entries(KEYS) as [KeyName, Key<unknown>][]) {
    const raw = present(sources.flags[name]) ?? configured(key, environment, sources, faults);
    if (raw !== undefined) texts[name] = raw;
    const parsed = parse(key, raw ?? key.fallback);
    if (parsed.ok) values[name] = parsed.value;
    else faults.push({ key: key.env, message: parsed.fault });
  }
  if (faults.length > 0) throw new ConfigError(faults);

  const config = withModelDefaults(values as Values, texts, sources.flags.dev ?? false);
  faults.push(...startFaults(config));
  if (faults.length > 0) throw new ConfigError(faults);
  return Object.freeze(config);
}

/** The stronger of two layers for each name. */
function layered(
  strong: ConfigSources["env"],
  weak: Readonly<Record<string, string | undefined>>,
): (name: string) => string | undefined {
  return (name) => present(strong[name]) ?? present(weak[name]);
}

function present(raw: string | undefined): string | undefined {
  const trimmed = raw?.trim();
  return trimmed === "" ? undefined : trimmed;
}

/** The text of a key in the environment; a secret may also stand in a file that `<KEY>_FILE` names. */
function configured(
  key: Key<unknown>,
  environment: (name: string) => string | undefined,
  sources: ConfigSources,
  faults: ConfigFault[],
): string | undefined {
  const direct = environment(key.env);
  const fileKey = `${key.env}_FILE`;
  const path = key.type.secret ? environment(fileKey) : undefined;
  if (path === undefined) return direct;
  if (direct !== undefined) {
    faults.push({ key: fileKey, message: `is set beside ${key.env}; give one of the two.` });
    return direct;
  }
  try {
    return present(sources.readFile(path));
  } catch {
    faults.push({ key: fileKey, message: `names ${path}, which can not be read.` });
    return undefined;
  }
}

function parse(key: Key<unknown>, raw: string | undefined) {
  if (raw === undefined) return { ok: true, value: undefined } as const;
  return key.type.parse(raw);
}

function withModelDefaults(
  values: Values,
  texts: Readonly<Partial<Record<KeyName, string>>>,
  dev: boolean,
): Config {
  const hasProvider = [values.openaiApiKey, values.openaiBaseUrl, values.openrouterApiKey].some(
    (v) => v !== undefined,
  );
  const standIn = dev && !hasProvider ? DEMO_MODELS : undefined;
  const judgeModelId = texts.judgeModelId ?? standIn?.judgeModelId ?? values.judgeModelId;
  return {
    ...values,
    dev,
    hasProvider,
    targetModelDefault: texts.targetModelDefault ?? standIn?.targetModelDefault ?? values.targetModelDefault,
    judgeModelId,
    reflectionModelId:
      texts.reflectionModelId ?? texts.judgeModelId ?? standIn?.reflectionModelId ?? judgeModelId,
  };
}
