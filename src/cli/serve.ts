import { type App, compose } from "../app/compose.ts";
import { serviceVersion } from "../app/version.ts";
import { ConfigError } from "../config/config-error.ts";
import type { Config } from "../config/load-config.ts";
import { AppError } from "../base/errors.ts";
import { bannerLines } from "./banner.ts";
import { EXIT } from "./exit-code.ts";
import { configOrFaults, tellFaults } from "./read-config.ts";

/** Options of `serve` as commander gives them. */
export interface ServeFlags {
  readonly dev?: boolean;
  readonly host?: string;
  readonly port?: string;
  readonly dataDir?: string;
  readonly role?: string;
}

/** Runs the service until a signal or its store ends it. Gives the exit code. */
export async function serve(flags: ServeFlags): Promise<number> {
  const config = configOrFaults(flags);
  if (config === undefined) return EXIT.usage;

  const version = serviceVersion();
  const end = endOfService();
  let app: App | undefined;
  try {
    app = await compose(config, { version, onBroken: () => end.fail() });
    const url = await app.listen();
    for (const line of bannerLines({ version, url, config, models: app.models })) console.error(line);
  } catch (error) {
    if (error instanceof ConfigError) tellFaults(error);
    else console.error(`gepa-next: ${reasonOf(error, config)}`);
    await app?.stop();
    return error instanceof ConfigError ? EXIT.usage : EXIT.failed;
  }

  const code = await end.reached;
  await app.stop();
  return code;
}

/** Resolves with the exit code once the service is to stop. A second signal does not wait for the stop. */
function endOfService(): { readonly reached: Promise<number>; fail(): void } {
  let resolve: (code: number) => void = () => undefined;
  const reached = new Promise<number>((r) => {
    resolve = r;
  });
  let asked = false;
  const onSignal = (signal: NodeJS.Signals) => {
    if (asked) process.exit(EXIT.failed);
    asked = true;
    console.error(`gepa-next: ${signal}, finishing what is under way. Once more ends it at once.`);
    resolve(EXIT.ok);
  };
  process.on("SIGINT", onSignal);
  process.on("SIGTERM", onSignal);
  return { reached, fail: () => resolve(EXIT.failed) };
}

function reasonOf(error: unknown, config: Config): string {
  if (error instanceof AppError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  const address = `${config.host}:${config.port}`;
  switch (code) {
    case "EADDRINUSE":
      return `${address} is in use. Stop what listens there, or choose another port with --port.`;
    case "EADDRNOTAVAIL":
      return `${config.host} is no address of this machine. Choose another one with --host.`;
    case "EACCES":
      return `not allowed to listen on ${address} or to write to ${config.dataDir}: ${message}`;
    default:
      return error instanceof Error ? (error.stack ?? message) : String(error);
  }
}
