import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inject, onTestFinished } from "vitest";

/** How long a start may take on a busy machine before the test fails. */
const START_LIMIT_MS = 30_000;

/** Output of a process that is kept. */
const MAX_OUTPUT = 200_000;

/** Settings that keep limits of the service out of a test that is not about them. */
const UNLIMITED = {
  RATE_LIMIT_PER_MIN: "0",
  RATE_LIMIT_BURST: "1000000",
  SSE_RETRY_MS: "50",
  LOG_LEVEL: "warn",
};

/** One life of the program. */
export interface Program {
  readonly pid: number;
  /** Where it listens. */
  readonly port: number;
  readonly url: string;
  /** What it has printed so far. */
  output(): string;
  /** Resolves when it listens; rejects with its output if it ends before. */
  readonly ready: Promise<void>;
  /** Resolves with its exit code, or with the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>;
  /** Sends a signal to this process alone. */
  signal(signal: NodeJS.Signals): void;
}

/** How to start it. */
export interface Launch {
  readonly dataDir: string;
  readonly port: number;
  readonly env?: Readonly<Record<string, string>>;
  /** A command that runs the rest of its line, such as a tracer. */
  readonly under?: readonly string[];
}

/** Starts the bundled program under `--dev` on loopback. Whatever becomes of the test, the process ends with it. */
export function start({ dataDir, port, env = {}, under = [] }: Launch): Program {
  const line = [...under, process.execPath, inject("program"), "serve", "--dev", "--port", String(port)];
  const [command = "", ...args] = line;
  const child = spawn(command, args, {
    cwd: dataDir,
    env: { PATH: process.env.PATH ?? "", DATA_DIR: dataDir, ...UNLIMITED, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} can not be started`);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MAX_OUTPUT);
    });
  }
  const ended = endOf(child);
  const signal = (name: NodeJS.Signals) => {
    child.kill(name);
  };
  onTestFinished(() => signal("SIGKILL"));
  const url = `http://127.0.0.1:${port}`;
  return {
    pid,
    port,
    url,
    output: () => output,
    ready: untilReady(url, ended, () => output),
    ended,
    signal,
  };
}

async function endOf(child: ChildProcess): Promise<number | NodeJS.Signals> {
  const [code, signal] = (await once(child, "close")) as [number | null, NodeJS.Signals | null];
  return code ?? signal ?? "SIGKILL";
}

function untilReady(url: string, ended: Promise<unknown>, output: () => string): Promise<void> {
  let over = false;
  const poll = async () => {
    for (const limit = Date.now() + START_LIMIT_MS; Date.now() < limit && !over; await pause(10)) {
      const answer = await fetch(`${url}/v1/readyz`).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.ok) return;
    }
    throw new Error(`the program did not become ready:\n${output()}`);
  };
  const died = ended.then((how) => {
    over = true;
    throw new Error(`the program ended with ${how} before it was ready:\n${output()}`);
  });
  const ready = Promise.race([poll(), died]);
  ready.catch(() => undefined); // a test that kills it while it starts does not wait for it
  return ready;
}

/** A folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "gepa-faults-data-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Waits in real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Prints a figure or a seed. */
export function tell(line: string): void {
  process.stderr.write(`  ${line}\n`);
}

/** The seed of this run: FAULTS_SEED, or the time. Printed, so that a failure can be played again. */
export function seedOf(name: string): number {
  const seed = Number(process.env.FAULTS_SEED ?? Date.now() % 1_000_000_007);
  tell(`${name}: FAULTS_SEED=${seed}`);
  return seed;
}
