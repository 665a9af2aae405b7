import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compose } from "../../src/app/compose.ts";
import type { Clock } from "../../src/base/clock.ts";
import { loadConfig } from "../../src/config/load-config.ts";

/** The whole service as the command line would compose it, in this process and on a free loopback port. */
export interface TestApp {
  readonly url: string;
  /** The log lines so far. */
  readonly logLines: readonly string[];
  /** Stops the service; its data stay for a `startApp` with the same folder. */
  stop(): Promise<void>;
}

/** A data folder that outlives the service; the caller removes it. */
export async function dataFolder(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "gepa-e2e-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** Starts the service in `--dev` with `env` on top of a free port. */
export async function startApp(
  dataDir: string,
  options: {
    readonly env?: Readonly<Record<string, string>>;
    readonly clock?: Clock;
    readonly dev?: boolean;
  } = {},
): Promise<TestApp> {
  const config = loadConfig({
    flags: { dev: options.dev ?? true },
    env: { PORT: "0", DATA_DIR: dataDir, DEMO_LATENCY_MS: "0", ...options.env },
    envFile: "",
    readFile: () => {
      throw new Error("no files here");
    },
  });
  const logLines: string[] = [];
  const app = await compose(config, {
    version: "0.0.0-test",
    onBroken: () => undefined,
    writeLog: (line) => logLines.push(line),
    ...(options.clock && { clock: options.clock }),
  });
  const url = await app.listen();
  return { url, logLines, stop: () => app.stop() };
}
