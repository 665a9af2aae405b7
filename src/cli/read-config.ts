import { readFileSync } from "node:fs";
import { ConfigError } from "../config/config-error.ts";
import type { KeyName } from "../config/keys.ts";
import { type Config, loadConfig } from "../config/load-config.ts";

/** What the command line says; the same names as in the configuration. */
export type ConfigFlags = Readonly<Partial<Record<KeyName, string>>> & { readonly dev?: boolean };

/** The configuration of this process: flags, environment, `.env` in the working directory. Throws a `ConfigError`. */
export function readConfig(flags: ConfigFlags): Config {
  const readFile = (path: string) => readFileSync(path, "utf8");
  return loadConfig({ flags, env: process.env, envFile: dotEnv(readFile), readFile });
}

/** As {@link readConfig}; where something is wrong it prints every fault and gives nothing. */
export function configOrFaults(flags: ConfigFlags): Config | undefined {
  try {
    return readConfig(flags);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    tellFaults(error);
    return undefined;
  }
}

/** Prints every fault, and where settings are explained. */
export function tellFaults({ faults }: ConfigError): void {
  for (const { key, message } of faults) console.error(`gepa-next: ${key} ${message}`);
  console.error("gepa-next: docs/ENV.md lists every setting.");
}

function dotEnv(readFile: (path: string) => string): string {
  try {
    return readFile(".env");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
