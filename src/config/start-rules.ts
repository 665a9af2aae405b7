import { isLoopback } from "../base/loopback.ts";
import type { ConfigFault } from "./config-error.ts";
import type { Values } from "./keys.ts";

/** What the values may not be together: a service that anybody could use must not start by accident. */
export function startFaults(config: Values & { readonly dev: boolean }): ConfigFault[] {
  const faults: ConfigFault[] = [];
  const open = !isLoopback(config.host);
  if (open && config.dev) {
    faults.push({
      key: "--dev",
      message: `serves callers without a token and so listens on loopback only, not on HOST=${config.host}. Leave out --dev or set HOST=127.0.0.1.`,
    });
  } else if (open && config.apiBearerTokens.length === 0) {
    faults.push({
      key: "API_BEARER_TOKENS",
      message: `is empty, and HOST=${config.host} can be reached from outside. Set at least one token, or HOST=127.0.0.1.`,
    });
  }
  if ((config.tlsCertFile === undefined) !== (config.tlsKeyFile === undefined)) {
    const key = config.tlsCertFile === undefined ? "TLS_CERT_FILE" : "TLS_KEY_FILE";
    faults.push({ key, message: "is missing; certificate and private key belong together." });
  }
  if (config.databaseUrl === undefined) {
    if (config.role !== "all") {
      faults.push({
        key: "SERVE_ROLE",
        message: `is ${config.role}, but only nodes that share a Postgres database can share the work. Set DATABASE_URL, or leave the role out.`,
      });
    }
    if (config.databaseListenUrl !== undefined) {
      faults.push({ key: "DATABASE_URL", message: "is missing; DATABASE_LISTEN_URL only goes with it." });
    }
  }
  return faults;
}
