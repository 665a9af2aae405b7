import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** How long a start or a stop may take before the test fails. */
const START_LIMIT_MS = 30_000;

/** The real service in a process of its own, on loopback, with a data directory that outlives a restart. */
export interface Service {
  readonly port: number;
  readonly url: string;
  /** Ends the process as a crash would and starts a new one on the same data and port. */
  restart(signal: "SIGTERM" | "SIGKILL"): Promise<void>;
  stop(): Promise<void>;
}

/** A loopback port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  server.close();
  await once(server, "close");
  return address.port;
}

/** Starts the service in `--dev` with `env` on top, and waits until it is ready. */
export async function startService(env: Readonly<Record<string, string>>): Promise<Service> {
  const port = await freePort();
  const data = await mkdtemp(join(tmpdir(), "gepa-clients-"));
  const url = `http://127.0.0.1:${port}`;
  let child = await launch();

  async function launch(): Promise<ChildProcess> {
    const args = ["--import", "tsx", "src/cli/main.ts", "serve", "--dev", "--port", String(port)];
    const started = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH ?? "", DATA_DIR: data, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    started.stdout?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
    });
    started.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-20_000);
    });
    const deadline = Date.now() + START_LIMIT_MS;
    while (Date.now() < deadline && started.exitCode === null) {
      const ready = await fetch(`${url}/v1/readyz`).then(
        (r) => r.ok,
        () => false,
      );
      if (ready) return started;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    started.kill("SIGKILL");
    throw new Error(`the service did not become ready:\n${output}`);
  }

  async function end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    if (child.exitCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  return {
    port,
    url,
    async restart(signal) {
      await end(signal);
      child = await launch();
    },
    async stop() {
      await end("SIGTERM");
      await rm(data, { recursive: true, force: true });
    },
  };
}
