import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect } from "vitest";
import { BLOCK_CLASSES, type Block, type BlockClass, shellBlocks } from "../support/documents.ts";
import { filesUnder, ROOT } from "../support/source-tree.ts";

/** The port that the documents name. */
const PORT = 8000;
const START_LIMIT_MS = 30_000;
/** A command that waits for ever must fail the test with its name, not with the runner's. */
const COMMAND_LIMIT_MS = 90_000;

/** More than all commands of one document print. */
const MAX_OUTPUT_CHARACTERS = 500_000;

/** Where the service answers that a document starts. */
export const SERVICE = `http://127.0.0.1:${PORT}`;

/** Variables of a shell beside those that every reader has. */
export type ShellEnv = Readonly<Record<string, string>>;

/** What a reader's shell has: nothing of the configuration of whoever runs the tests. */
const READERS_ENV: ShellEnv = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" };

/** Somebody who does what the documents say, in a checkout of their own. */
export interface Reader {
  /** The checkout. */
  readonly folder: string;
  /** Runs blocks in one shell, as a reader pastes them, and gives what they printed. */
  run(blocks: readonly Block[], env?: ShellEnv): Promise<string>;
  /**
   * Starts the service as a block says and leaves it running; rejects with what it printed where it ends instead, and
   * before it starts anything where somebody else is on the port, which is the one that the block says.
   */
  start(block: Block, env?: ShellEnv, port?: number): Promise<void>;
  /** Stops what was started, in good order. */
  stop(): Promise<void>;
  /** Stops what was started and removes the checkout. */
  leave(): Promise<void>;
}

/** Blocks of one class in a document, in its order. */
export function blocksOf(document: string, kind: BlockClass): Block[] {
  return shellBlocks(document).filter((block) => block.mark === BLOCK_CLASSES[kind]);
}

/** How the README starts the service. */
export function readmeServer(): Block {
  const [block] = blocksOf("README.md", "server");
  if (block === undefined) throw new Error("the README starts no server");
  return block;
}

/** A reader after the installation, whose data is empty. */
export async function newReader(): Promise<Reader> {
  const folder = await freshCopy();
  const servers: ChildProcess[] = [];

  const stop = async () => {
    for (const server of servers.splice(0)) {
      if (hasEnded(server)) continue;
      const exited = once(server, "close"); // of its pipes, which the last of its descendants holds
      end(server, "SIGTERM");
      await exited;
    }
  };
  return {
    folder,
    run: (blocks, env) => runAll(folder, blocks, env),
    async start(block, env, port = PORT) {
      if (await answers(port)) throw new Error(`port ${port} is taken; the documents' commands need it`);
      const { child, output } = bash(folder, block.commands, env);
      servers.push(child);
      const deadline = Date.now() + START_LIMIT_MS;
      while (!(await answers(port))) {
        if (Date.now() > deadline || hasEnded(child))
          throw new Error(`${place(block)} started nothing:\n${output()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    stop,
    async leave() {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function freshCopy(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "gepa-docs-"));
  for (const path of filesUnder()) {
    await mkdir(join(copy, dirname(path)), { recursive: true });
    await copyFile(join(ROOT, path), join(copy, path));
  }
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** A process group of its own, so that what the shell started ends with it. */
function bash(
  cwd: string,
  script: string,
  env: ShellEnv = {},
): { child: ChildProcess; output: () => string } {
  const child = spawn("bash", ["-eo", "pipefail", "-c", script], {
    cwd,
    env: { ...READERS_ENV, ...env },
    detached: true,
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-MAX_OUTPUT_CHARACTERS);
    });
  }
  return { child, output: () => output };
}

const hasEnded = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null;

function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid !== undefined && !hasEnded(child)) process.kill(-child.pid, signal);
}

/**
 * Runs blocks in one shell; the last line names the block that failed. curl ends well whatever the service answers, so
 * an error in an answer is looked for.
 */
async function runAll(cwd: string, blocks: readonly Block[], env?: ShellEnv): Promise<string> {
  const script = blocks.map((b) => `trap 'echo "failed in ${place(b)}"' ERR\n${b.commands}`).join("\n");
  const { child, output } = bash(cwd, script, env);
  const limit = setTimeout(() => end(child, "SIGKILL"), COMMAND_LIMIT_MS);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  expect(code, output()).toBe(0);
  expect(output()).not.toContain('"error":{"code"');
  return output();
}

const place = (block: Block) => `${block.document}:${block.line}`;
