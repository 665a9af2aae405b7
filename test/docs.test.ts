import { existsSync } from "node:fs";
import { posix } from "node:path";
import { describe, expect, it } from "vitest";
import { EventSchema } from "../gen/ts/gepa/v1/event_pb.ts";
import { ErrorReasonSchema } from "../gen/ts/gepa/v1/errors_pb.ts";
import { JobStatusSchema } from "../gen/ts/gepa/v1/job_pb.ts";
import { REASONS, type Reason } from "../src/base/errors.ts";
import { KEYS } from "../src/config/keys.ts";
import { TERMINAL_EVENTS } from "../src/domain/event.ts";
import { JOB_STATUSES } from "../src/domain/job.ts";
import { STOP_REASONS } from "../src/domain/stop-reason.ts";
import { PROBLEMS } from "../src/gateway/errors.ts";
import { renderPages } from "../src/gateway/pages.ts";
import { deriveRoutes } from "../src/gateway/routes.ts";
import { SERVICES } from "../src/gateway/services.ts";
import { COUNTERS, exposedName, GAUGES, HISTOGRAMS } from "../src/telemetry/metric-names.ts";
import { BLOCK_CLASSES, codeSpans, documents, shellBlocks, tableRows } from "./support/documents.ts";
import { envRows } from "./support/env-table.ts";
import { filesUnder, ROOT, readText } from "./support/source-tree.ts";

/** Rows of a table whose first cell is one of `names` or looks like one. */
const firstCells = (document: string) => tableRows(document).map((row) => row[0] ?? "");

describe("the configuration", () => {
  it("is told by docs/ENV.md row by row, in the order of the table in the code", () => {
    const written = readText("docs/ENV.md")
      .split("\n")
      .filter((line) => /^\| `[A-Z]/.test(line));
    expect(written).toEqual(envRows());
  });

  it("is what .env.example sets, and nothing else", () => {
    const known = Object.values(KEYS).map((key) => key.env) as string[];
    const set = [...readText(".env.example").matchAll(/^([A-Z_]+)=/gm)].map(([, name = ""]) => name);
    expect(set.length).toBeGreaterThan(0);
    expect(set.filter((name) => !known.includes(name))).toEqual([]);
  });

  it("is used: app or cli reads every key", () => {
    const text = [...filesUnder("src/app"), ...filesUnder("src/cli")].map(readText).join("\n");
    const isRead = (name: string) =>
      new RegExp(`\\bconfig\\.${name}\\b`).test(text) ||
      new RegExp(`{[^}]*\\b${name}\\b[^}]*} = config;`).test(text);
    expect(Object.keys(KEYS).filter((name) => !isRead(name))).toEqual([]);
  });
});

describe("the REST routes", () => {
  it("are those of docs/API.md, no more and no less", () => {
    const pages = [...renderPages(readText("gen/openapi.json")).keys()].map((path) => `GET ${path}`);
    const served = deriveRoutes(SERVICES).map((route) => `${route.httpMethod} ${route.template.text}`);
    const told = tableRows("docs/API.md")
      .map(([method = "", path = ""]) => `${method} ${path.replace(/\?.*$/, "")}`)
      .filter((row) => /^(GET|PUT|POST|DELETE|PATCH) \//.test(row));
    expect(told.sort()).toEqual([...pages, ...served].sort());
  });
});

describe("the reasons of errors", () => {
  it("are told by docs/API.md with status, code and whether a retry can help", () => {
    const told = tableRows("docs/API.md").filter(([reason = ""]) => reason in REASONS);
    const expected = (Object.keys(REASONS) as Reason[]).map((reason) => [
      reason,
      String(PROBLEMS[reason].status),
      REASONS[reason].code,
      REASONS[reason].retryable ? "yes" : "no",
    ]);
    expect(told.map((row) => row.slice(0, 4)).sort()).toEqual(expected.sort());
  });

  it("are those of the contract", () => {
    const inContract = ErrorReasonSchema.values.slice(1).map((v) => v.localName.toLowerCase());
    expect(inContract.sort()).toEqual(Object.keys(REASONS).sort());
  });
});

describe("events and states", () => {
  const types = EventSchema.oneofs[0]?.fields.map((field) => field.name) ?? [];

  it("have their types told by docs/SSE.md", () => {
    const told = firstCells("docs/SSE.md").filter((cell) => /^[a-z_]+$/.test(cell) && cell !== "type");
    expect(told.sort()).toEqual([...types, "stream_error"].sort());
  });

  it("end with the types the domain calls terminal", () => {
    const told = tableRows("docs/SSE.md").filter(([, meaning = ""]) => /^Terminal\b/.test(meaning));
    expect(told.map(([type]) => type).sort()).toEqual([...TERMINAL_EVENTS].sort());
  });

  it("have the statuses of the contract, told by docs/API.md", () => {
    const inContract = JobStatusSchema.values.slice(1).map((v) => v.localName.toLowerCase());
    expect(inContract.sort()).toEqual([...JOB_STATUSES].sort());
    const spans = codeSpans("docs/API.md");
    expect(JOB_STATUSES.filter((status) => !spans.has(status))).toEqual([]);
  });

  it("have every stop reason told by docs/GEPA.md", () => {
    const spans = codeSpans("docs/GEPA.md");
    expect(STOP_REASONS.filter((reason) => !spans.has(reason))).toEqual([]);
  });
});

describe("the metrics", () => {
  it("are told by docs/API.md", () => {
    const names = [...Object.keys(COUNTERS), ...Object.keys(GAUGES), ...Object.keys(HISTOGRAMS)];
    const exposed = (names as Parameters<typeof exposedName>[0][]).map(exposedName);
    const told = firstCells("docs/API.md").filter((cell) => /^(gepa_|sse_clients$)/.test(cell));
    expect(told.sort()).toEqual(exposed.sort());
  });
});

describe("docs/ARCHITECTURE.md", () => {
  const LONGEST = 250;

  it(`has at most ${LONGEST} lines`, () => {
    expect(readText("docs/ARCHITECTURE.md").split("\n").length).toBeLessThanOrEqual(LONGEST);
  });

  it("tells of every room and of no other", () => {
    const rooms = new Set(filesUnder("src").map((path) => path.split("/").slice(0, 2).join("/")));
    const told = [...codeSpans("docs/ARCHITECTURE.md")].filter((code) => /^src\/[a-z]+$/.test(code));
    expect(told.sort()).toEqual([...rooms].sort());
  });

  it("gives the reason of every dependency at run time", () => {
    const { dependencies } = JSON.parse(readText("package.json")) as { dependencies: Record<string, string> };
    const told = firstCells("docs/ARCHITECTURE.md").flatMap((cell) => cell.split(", "));
    expect(Object.keys(dependencies).filter((name) => !told.includes(name))).toEqual([]);
  });
});

describe("every document", () => {
  it("marks its blocks of commands with a class that the tests know", () => {
    const known: readonly string[] = Object.values(BLOCK_CLASSES);
    const unknown = documents()
      .flatMap(shellBlocks)
      .filter((block) => !known.includes(block.mark));
    expect(unknown.map((block) => `${block.document}:${block.line} ${block.mark}`)).toEqual([]);
  });

  it("links to what exists", () => {
    const broken: string[] = [];
    for (const document of documents()) {
      for (const [, target = ""] of readText(document).matchAll(/\]\(([^)\s]+)\)/g)) {
        const [path = "", anchor] = target.split("#");
        if (/^[a-z]+:/.test(target)) continue;
        const file = path === "" ? document : posix.join(posix.dirname(document), path);
        const fits =
          existsSync(`${ROOT}/${file}`) && (anchor === undefined || anchorsOf(file).includes(anchor));
        if (!fits) broken.push(`${document}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });
});

/** Anchors that the headings of a Markdown file get. */
function anchorsOf(file: string): string[] {
  return [...readText(file).matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .trim()
      .replace(/\s+/g, "-"),
  );
}
