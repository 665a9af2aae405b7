import { readFileSync } from "node:fs";
import type { KeyName } from "../config/keys.ts";
import { type Config, loadConfig } from "../config/load-config.ts";

/** What the command line says; the same names as in the configuration. */
export type ConfigFlags = Readonly<Partial<Record<KeyName, string>>> & { readonly dev?: boolean };

/** The configuration of this process: flags, environment, `.env` in the working directory. Throws a `ConfigError`. */
export function readConfig(flags: ConfigFlags): Config {
  const readFile = (path: string) => readFileSync(path, "utf8");
  return loadConfig({ flags, env: process.env, envFile: dotEnv(readFile), readFile });
}

function dotEnv(readFile: (path: string) => string): string {
  try {
    return readFile(".env");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw error;
  }
}
