import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ROOT } from "../support/source-tree.ts";

/** The program as a shell runs it. */
interface Run {
  readonly child: ChildProcess;
  /** Resolves with the exit code. */
  readonly ended: Promise<number | null>;
  /** Resolves once `text` was printed; rejects if the program ends before. */
  saw(text: string): Promise<string>;
  readonly output: { out: string; err: string };
}

let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gepa-process-"));
});

afterEach(async () => {
  for (const child of children.splice(0)) if (child.exitCode === null) child.kill("SIGKILL");
  await rm(folder, { recursive: true, force: true });
});

function gepa(args: readonly string[], env: Record<string, string> = {}): Run {
  const child = spawn(
    process.execPath,
    ["--import", `${ROOT}/node_modules/tsx/dist/loader.mjs`, `${ROOT}/src/cli/main.ts`, ...args],
    {
      cwd: folder,
      env: { PATH: process.env.PATH ?? "", PORT: "0", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  children.push(child);
  const output = { out: "", err: "" };
  const ended = once(child, "close").then(([code]) => code as number | null);
  child.stdout?.on("data", (chunk: Buffer) => {
    output.out += chunk.toString();
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    output.err += chunk.toString();
  });
  const saw = async (text: string) => {
    while (!`${output.out}${output.err}`.includes(text)) {
      const more = Promise.race([
        once(child.stdout as NodeJS.ReadableStream, "data"),
        once(child.stderr as NodeJS.ReadableStream, "data"),
      ]);
      const end = ended.then((code) => {
        throw new Error(`ended with ${code} before it said "${text}":\n${output.err}`);
      });
      await Promise.race([more, end]);
    }
    return `${output.out}${output.err}`;
  };
  return { child, ended, output, saw };
}

describe("the program", () => {
  it("prints its version and its help, and ends with 0", async () => {
    const version = gepa(["version"]);
    expect(await version.ended).toBe(0);
    expect(version.output.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    const help = gepa(["serve", "--help"]);
    expect(await help.ended).toBe(0);
    expect(help.output.out).toContain("--data-dir");
  });

  it("ends with 2 for a wrong command line, and says what is wrong", async () => {
    const { ended, output } = gepa(["serve", "--prot", "1"]);
    expect(await ended).toBe(2);
    expect(output.err).toContain("--prot");
  });

  it("ends with 2 for a wrong configuration, naming every fault", async () => {
    await writeFile(join(folder, ".env"), "MAX_ITERATIONS=none\n");
    const { ended, output } = gepa(["serve", "--port", "x"], { REQUIRE_AUTH: "perhaps" });
    expect(await ended).toBe(2);
    expect(output.err).toMatch(/PORT[\s\S]*REQUIRE_AUTH[\s\S]*MAX_ITERATIONS/);
  });

  it("does not start where everybody could call it", async () => {
    const { ended, output } = gepa(["serve", "--host", "0.0.0.0"]);
    expect(await ended).toBe(2);
    expect(output.err).toContain("API_BEARER_TOKENS");
  });

  it("ends with 2 where a certificate can not be read, naming the variable", async () => {
    const { ended, output } = gepa(["serve", "--dev"], {
      TLS_CERT_FILE: "none.pem",
      TLS_KEY_FILE: "none.pem",
    });
    expect(await ended).toBe(2);
    expect(output.err).toMatch(/^gepa-next: TLS_CERT_FILE names none\.pem.*\ngepa-next: TLS_KEY_FILE names/m);
    expect(output.err).not.toContain("    at ");
  });

  it("ends with 1 where its port is taken, and says so", async () => {
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const { port } = other.address() as { port: number };
    const { ended, output } = gepa(["serve", "--dev", "--port", String(port)]);
    expect(await ended).toBe(1);
    expect(output.err).toContain("is in use");
    other.close();
  });

  it("says where it listens and that its models are simulated, and logs JSON lines on standard output alone", async () => {
    const run = gepa(["serve", "--dev"]);
    await run.saw("simulated models show");
    expect(run.output.err).toMatch(/listening +http:\/\/127\.0\.0\.1:\d+ /);
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(0);
    const lines = run.output.out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).event)).toContain("stopped");
  });

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it(`stops in good order on ${signal}`, async () => {
      const run = gepa(["serve", "--dev"]);
      await run.saw("listening  ");
      run.child.kill(signal);
      expect(await run.ended).toBe(0);
      expect(run.output.out).toContain('"event":"stopped"');
    });
  }

  it("stops at once on the second signal", async () => {
    const run = gepa(["serve", "--dev"], { SHUTDOWN_GRACE_S: "60" });
    const [, url = ""] = /listening +(\S+)/.exec(await run.saw("try it")) ?? [];
    // A request whose body never ends keeps the first stop waiting.
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode("{")),
    });
    const init = { method: "POST", headers: { "content-type": "application/json" }, body, duplex: "half" };
    const hanging = fetch(`${url}/v1/optimize`, init as RequestInit).catch(() => undefined);
    await new Promise((resolve) => setTimeout(resolve, 200));
    run.child.kill("SIGTERM");
    await run.saw("Once more ends it at once");
    run.child.kill("SIGTERM");
    expect(await run.ended).toBe(1);
    await hanging;
  });
});
