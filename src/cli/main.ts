#!/usr/bin/env tsx
import { Command, CommanderError } from "commander";
import { serviceVersion } from "../app/version.ts";
import { EXIT } from "./exit-code.ts";
import type { MaintainFlags } from "./maintain.ts";
import type { ServeFlags } from "./serve.ts";

const program = new Command("gepa-next")
  .description(
    "Makes prompts better: GEPA as a service over gRPC, gRPC-Web, Connect, REST and SSE on one port.",
  )
  .version(serviceVersion(), "-V, --version", "print the version and exit")
  .showHelpAfterError("(--help lists the commands and their options)")
  .exitOverride();

const DATA_DIR = ["--data-dir <folder>", "where the database lives (DATA_DIR, default .gepa-next)"] as const;

program
  .command("serve", { isDefault: true })
  .description("Starts the service.")
  .option(
    "--dev",
    "serve callers without a token, on loopback only; models are simulated where no provider is configured",
  )
  .option("--host <address>", "address to listen on (HOST, default 127.0.0.1)")
  .option("--port <number>", "port to listen on (PORT, default 8000)")
  .option(...DATA_DIR)
  .option("--role <part>", "all, api or worker; parts share a Postgres database (SERVE_ROLE, default all)")
  .addHelpText(
    "after",
    `
Every setting is an environment variable and may stand in a .env file; a flag wins over the environment,
the environment over the file. docs/ENV.md lists them all.

Examples:
  npm start -- --dev                              try it out: no token, no key, simulated models
  OPENAI_API_KEY=… npm start -- --dev             real models, for this machine alone
  API_BEARER_TOKENS=… npm start -- --host 0.0.0.0`,
  )
  .action(async (flags: ServeFlags) => {
    const { serve } = await import("./serve.ts"); // the whole service: help and version do without
    process.exit(await serve(flags)); // what is still open after the stop has had its time
  });

program
  .command("backup <file>")
  .description("Writes a whole copy of the database while the service is stopped.")
  .option(...DATA_DIR)
  .action(async (file: string, flags: MaintainFlags) => {
    const { backup } = await import("./maintain.ts");
    process.exitCode = await backup(file, flags);
  });

program
  .command("migrate")
  .description("Moves everything into an empty Postgres database while the service is stopped.")
  .option("--to <url>", "postgres://user:password@host/database (DATABASE_URL)")
  .option(...DATA_DIR)
  .action(async (flags: MaintainFlags & { readonly to?: string }) => {
    const { migrate } = await import("./maintain.ts");
    process.exitCode = await migrate(flags);
  });

program
  .command("version")
  .description("Prints the version.")
  .action(() => console.log(serviceVersion()));

try {
  await program.parseAsync();
} catch (error) {
  if (!(error instanceof CommanderError)) throw error;
  // Commander has printed what there is to say; help and version end well, everything else was a wrong command line.
  process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
}
