import { readdirSync } from "node:fs";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { filesUnder, importsOf, nodesOf, parseSource, ROOT, readText } from "./support/source-tree.ts";

/** One room of the house: what of ours it may import, a room or a single file, and which packages. */
interface Room {
  readonly imports: readonly string[];
  /** A name that ends in `*` stands for all that begin with what is before it. */
  readonly packages: readonly string[];
}

const CONTRACTS = {
  model: "src/models/model.ts",
  grader: "src/graders/grader.ts",
  store: "src/storage/store.ts",
  queue: "src/storage/queue.ts",
};

const CONNECT = ["@bufbuild/*", "@connectrpc/*"];

/** docs/ARCHITECTURE.md explains it. A room may always import itself. */
const ROOMS: Readonly<Record<string, Room>> = {
  "src/base": { imports: [], packages: ["node:crypto", "node:events", "@bufbuild/protobuf"] },
  "src/config": { imports: ["src/base"], packages: ["node:util"] },
  "src/domain": { imports: ["src/base"], packages: [] },
  "src/models": { imports: ["src/domain", "src/base"], packages: ["openai", "openai/*"] },
  "src/storage": { imports: ["src/domain", "src/base"], packages: ["libsql", "pg", "pg-boss", "node:*"] },
  "src/telemetry": { imports: ["src/domain", "src/base"], packages: ["pino", "prom-client"] },
  "src/graders": {
    imports: [CONTRACTS.model, "src/domain", "src/base"],
    packages: ["ajv", "ajv/*", "re2js", "node:vm"],
  },
  "src/engine": { imports: [CONTRACTS.model, CONTRACTS.grader, "src/domain", "src/base"], packages: [] },
  "src/jobs": {
    imports: [
      "src/engine",
      CONTRACTS.store,
      CONTRACTS.queue,
      CONTRACTS.model,
      CONTRACTS.grader,
      "src/domain",
      "src/base",
    ],
    packages: [],
  },
  "src/rpc": {
    imports: ["gen", "src/jobs", "src/domain", "src/base"],
    packages: [...CONNECT, "node:crypto"],
  },
  "src/gateway": { imports: ["gen", "src/base"], packages: [...CONNECT, "node:*"] },
  "src/app": { imports: ["gen", "src"], packages: [...CONNECT, "node:*"] },
  "src/cli": { imports: ["gen", "src/config", "src/app", "src/base"], packages: ["commander", "node:*"] },
};

/** Starts the service and so is imported by no file of it. */
const RUNNER = "tsx";

const LONGEST_FILE = 500;

const sources = filesUnder("src").map((path) => ({ path, source: parseSource(path) }));
const imports = new Map(sources.map(({ path, source }) => [path, importsOf(source)]));

const roomOf = (path: string) => path.split("/").slice(0, 2).join("/");
const isWithin = (path: string, place: string) => path === place || path.startsWith(`${place}/`);
const isOurs = (target: string) => isWithin(target, "src") || isWithin(target, "gen");
const matches = (name: string, pattern: string) =>
  pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;

describe("the rooms", () => {
  it("are those of the table", () => {
    const rooms = readdirSync(`${ROOT}/src`).map((name) => `src/${name}`);
    expect(rooms.filter((room) => !(room in ROOMS))).toEqual([]);
  });

  it("import only what the table allows, types included", () => {
    const wrong: string[] = [];
    for (const [path, targets] of imports) {
      const room = roomOf(path);
      const allowed = [room, ...(ROOMS[room]?.imports ?? [])];
      for (const target of targets.filter(isOurs)) {
        if (!allowed.some((place) => isWithin(target, place))) wrong.push(`${path} → ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("import only the packages that are theirs", () => {
    const wrong: string[] = [];
    for (const [path, targets] of imports) {
      const allowed = ROOMS[roomOf(path)]?.packages ?? [];
      for (const target of targets.filter((t) => !isOurs(t) && t !== "package.json")) {
        if (!allowed.some((pattern) => matches(target, pattern))) wrong.push(`${path} → ${target}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it("leave no package unused that is installed with the service", () => {
    const { dependencies } = JSON.parse(readText("package.json")) as { dependencies: Record<string, string> };
    const used = [...imports.values()].flat();
    const unused = Object.keys(dependencies).filter(
      (name) => name !== RUNNER && !used.some((target) => isWithin(target, name)),
    );
    expect(unused).toEqual([]);
  });

  it("form no import circle, file by file", () => {
    expect(firstCircle()).toBeUndefined();
  });
});

/** A path of imports that comes back to where it began; undefined where there is none. */
function firstCircle(): string[] | undefined {
  const done = new Set<string>();
  const trail: string[] = [];
  const visit = (path: string): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return undefined;
    trail.push(path);
    for (const target of imports.get(path) ?? []) {
      const circle = imports.has(target) ? visit(target) : undefined;
      if (circle !== undefined) return circle;
    }
    trail.pop();
    done.add(path);
    return undefined;
  };
  for (const path of imports.keys()) {
    const circle = visit(path);
    if (circle !== undefined) return circle;
  }
  return undefined;
}

/** What only some rooms may touch: time, chance, the environment and the terminal come in by parameter elsewhere. */
const FORBIDDEN: { readonly what: RegExp; readonly but: readonly string[] }[] = [
  { what: /^(globalThis\.)?(Date|performance)\.now$/, but: ["src/base"] },
  { what: /^new Date\(\)$/, but: ["src/base"] },
  { what: /^(globalThis\.)?(setTimeout|setInterval)\(\)$/, but: ["src/base"] },
  { what: /^AbortSignal\.timeout$/, but: ["src/base"] },
  { what: /^process\.hrtime(\.bigint)?$/, but: ["src/base"] },
  { what: /^Math\.random$/, but: ["src/base"] },
  {
    what: /^((globalThis\.)?crypto\.)?(randomUUID|randomBytes|randomInt|getRandomValues)(\(\))?$/,
    but: ["src/base"],
  },
  { what: /^process\.(env|argv|exit)$/, but: ["src/cli", "src/gateway/openapi/main.ts"] },
  { what: /^console\.\w+$/, but: ["src/cli"] },
];

/** How a node is written in {@link FORBIDDEN}; undefined for what can not stand there. */
function usage(node: ts.Node): string | undefined {
  if (ts.isPropertyAccessExpression(node)) return node.getText();
  if (ts.isNewExpression(node) && (node.arguments?.length ?? 0) === 0) {
    return `new ${node.expression.getText()}()`;
  }
  if (ts.isCallExpression(node)) return `${node.expression.getText()}()`;
  return undefined;
}

describe("every source file", () => {
  it("takes time, chance, environment and terminal by parameter", () => {
    const wrong: string[] = [];
    for (const { path, source } of sources) {
      for (const node of nodesOf(source)) {
        const used = usage(node);
        if (used === undefined) continue;
        for (const { what, but } of FORBIDDEN) {
          if (what.test(used) && !but.some((place) => isWithin(path, place))) wrong.push(`${path}: ${used}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it("takes timers from the clock, not from node:timers", () => {
    const users = [...imports].filter(([, targets]) => targets.some((t) => /^(node:)?timers/.test(t)));
    expect(users.map(([path]) => path)).toEqual([]);
  });

  it("exports by name only, and nothing of another file", () => {
    const wrong: string[] = [];
    for (const { path, source } of sources) {
      for (const node of source.statements) {
        const isDefault =
          ts.canHaveModifiers(node) &&
          ts.getModifiers(node)?.some((m) => m.kind === ts.SyntaxKind.DefaultKeyword) === true;
        const isForwarded = ts.isExportDeclaration(node) && node.moduleSpecifier !== undefined;
        if (isDefault || isForwarded || ts.isExportAssignment(node)) wrong.push(`${path}: ${node.getText()}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it(`has at most ${LONGEST_FILE} lines, and so has every test`, () => {
    const ours = filesUnder().filter((path) => /^(src|test)\/.*\.tsx?$/.test(path));
    const lines = ours.map((path) => [path, readText(path).split("\n").length] as const);
    expect(lines.filter(([, count]) => count > LONGEST_FILE)).toEqual([]);
  });

  it("has a name in kebab-case that says what it holds", () => {
    const names = sources.map(({ path }) => path).filter((path) => !/^[a-z0-9/-]+\.ts$/.test(path));
    const vague = sources
      .map(({ path }) => path)
      .filter((path) => /\/(utils?|helpers?|misc|common|index)\.ts$/.test(path));
    expect([...names, ...vague]).toEqual([]);
  });

  it("leaves nothing for later", () => {
    const marked = sources.filter(({ source }) => /\b(TODO|FIXME|XXX|HACK)\b/.test(source.text));
    expect(marked.map(({ path }) => path)).toEqual([]);
  });
});

const TOP_LEVEL = [
  "CHANGELOG.md",
  "LICENSE",
  "README.md",
  "biome.json",
  "buf.gen.yaml",
  "buf.yaml",
  "docs",
  "gen",
  "package-lock.json",
  "package.json",
  "proto",
  "src",
  "test",
  "tsconfig.json",
];

describe("the repository", () => {
  it("has nothing unknown at its top", () => {
    const entries = new Set(filesUnder().map((path) => path.split("/")[0] ?? ""));
    expect([...entries].filter((name) => !name.startsWith(".") && !TOP_LEVEL.includes(name))).toEqual([]);
  });

  // An npm whose registry serves some platforms only leaves the others out of the lockfile, and `npm ci` refuses that.
  it("locks the packages of every platform", () => {
    const lock = JSON.parse(readText("package-lock.json")) as {
      packages: Record<string, { optionalDependencies?: Record<string, string> }>;
    };
    const missing = Object.values(lock.packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter((name) => !Object.keys(lock.packages).some((path) => path.endsWith(`node_modules/${name}`)));
    expect(missing).toEqual([]);
  });

  it("names no place of the machine it was written on", () => {
    const place = /(^|[\s"'`(=:])\/(tmp|work|root|home)\b|registry\.npmjs|deb\.debian\.org|pypi\.org/m;
    const text = /\.(ts|tsx|js|json|md|proto|ya?ml|py|sh|html|css|example)$|^\.ci\/run$/;
    const naming = filesUnder().filter(
      (path) => text.test(path) && path !== "test/architecture.test.ts" && place.test(readText(path)),
    );
    expect(naming).toEqual([]);
  });
});
