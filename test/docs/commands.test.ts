import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { copyFile, mkdir, mkdtemp, rm, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BLOCK_CLASSES, type Block, documents, shellBlocks } from "../support/documents.ts";
import { filesUnder, ROOT } from "../support/source-tree.ts";

/** The port that the documents name. */
const PORT = 8000;
const START_LIMIT_MS = 30_000;
/** A command that waits for ever must fail the test with its name, not with the runner's. */
const COMMAND_LIMIT_MS = 90_000;

/** More than all commands of one document print. */
const MAX_OUTPUT_CHARACTERS = 500_000;

/** What a reader must have seen in the end, beyond commands that did not fail. */
const SEEN: Readonly<Record<string, readonly string[]>> = {
  "README.md": ["event: final", "event: finished", '"verdict":', '"stopReason":'],
  "docs/API.md": ["HTTP/1.1 201 Created", "ocation: /v1/optimize/"],
  "docs/SSE.md": ["id: 1\nevent: started", "event: finished"],
};

/** What a reader's shell has: nothing of the configuration of whoever runs the tests. */
const READERS_ENV = { PATH: process.env.PATH ?? "", HOME: process.env.HOME ?? "" };

let folder: string;
let server: ChildProcess | undefined;

beforeEach(async () => {
  if (await answers()) throw new Error(`port ${PORT} is taken; the documents' commands need it`);
  folder = await freshCopy();
});

afterEach(async () => {
  await stop();
  await rm(folder, { recursive: true, force: true });
});

/** A checkout as a reader has it after the installation, so that its data starts empty. */
async function freshCopy(): Promise<string> {
  const copy = await mkdtemp(join(tmpdir(), "gepa-docs-"));
  for (const path of filesUnder()) {
    await mkdir(join(copy, dirname(path)), { recursive: true });
    await copyFile(join(ROOT, path), join(copy, path));
  }
  await symlink(join(ROOT, "node_modules"), join(copy, "node_modules"));
  return copy;
}

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(PORT, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

/** A process group of its own, so that what the shell started ends with it. */
function bash(script: string): { child: ChildProcess; output: () => string } {
  const child = spawn("bash", ["-eo", "pipefail", "-c", script], {
    cwd: folder,
    env: READERS_ENV,
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

function end(child: ChildProcess, signal: "SIGTERM" | "SIGKILL"): void {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null)
    process.kill(-child.pid, signal);
}

async function start(block: Block): Promise<void> {
  const { child, output } = bash(block.commands);
  server = child;
  const deadline = Date.now() + START_LIMIT_MS;
  while (!(await answers())) {
    if (Date.now() > deadline || child.exitCode !== null)
      throw new Error(`${place(block)} started nothing:\n${output()}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function stop(): Promise<void> {
  if (server === undefined || server.exitCode !== null) return;
  const exited = once(server, "close"); // of its pipes, which the last of its descendants holds
  end(server, "SIGTERM");
  await exited;
  server = undefined;
}

/**
 * Runs blocks in one shell, as a reader pastes them, and gives what they printed; the last line names the block that
 * failed. curl ends well whatever the service answers, so an error in an answer is looked for.
 */
async function runAll(blocks: readonly Block[]): Promise<string> {
  const script = blocks.map((b) => `trap 'echo "failed in ${place(b)}"' ERR\n${b.commands}`).join("\n");
  const { child, output } = bash(script);
  const limit = setTimeout(() => end(child, "SIGKILL"), COMMAND_LIMIT_MS);
  const [code] = (await once(child, "close")) as [number | null];
  clearTimeout(limit);
  expect(code, output()).toBe(0);
  expect(output()).not.toContain('"error":{"code"');
  return output();
}

const place = (block: Block) => `${block.document}:${block.line}`;

/** Blocks of a document that are started or run as written. */
const marked = (document: string, mark: string) =>
  shellBlocks(document).filter((block) => block.mark === mark);

describe("the commands of the documents", () => {
  for (const document of documents().filter((name) => marked(name, BLOCK_CLASSES.run).length > 0)) {
    it(`run as ${document} writes them`, async () => {
      // A document that starts no server of its own relies on the README's.
      const [server] = [
        ...marked(document, BLOCK_CLASSES.server),
        ...marked("README.md", BLOCK_CLASSES.server),
      ];
      if (server === undefined) throw new Error("the README starts no server");
      await start(server);
      const output = await runAll(marked(document, BLOCK_CLASSES.run));
      for (const text of SEEN[document] ?? []) expect(output).toContain(text);
    });
  }
});
