import { mkdtemp, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { EventSource } from "eventsource";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EventSchema } from "../../gen/ts/gepa/v1/event_pb.ts";
import { restJson } from "../../src/gateway/json/print.ts";
import { type BrowserWatcher, openBrowser } from "./chromium.ts";
import { run } from "./command.ts";
import { type Service, startService } from "./service.ts";
import { bufCurl, curlSse, grpcJs, grpcJsWatch, python, type SseFrame, type Watcher } from "./watchers.ts";

/** A job that takes a second or two, so that a watcher can come in the middle. */
const SPEC = {
  prompt: "You answer questions of a bank's customers.",
  target_model_id: "demo/target",
  examples: [
    {
      input: "My card has not come yet, it was sent two weeks ago.",
      ideal: "Apologise, check the address, offer a new card",
    },
    {
      input: "Why was I charged a fee for cash?",
      ideal: "Explain the fee, name the limit, offer the price list",
    },
    { input: "Someone used my card!", ideal: "Block the card at once, reassure, explain the refund" },
  ],
};

let browser: BrowserWatcher;
let service: Service;
let codeFolder: string;
let watchers: Readonly<Record<string, Watcher>>;

beforeAll(async () => {
  codeFolder = await mkdtemp(join(tmpdir(), "gepa-python-"));
  const files = (await run("find", ["proto/gepa", "proto/google", "proto/buf", "-name", "*.proto"]))
    .trim()
    .split("\n");
  await run("protoc", [
    "-Iproto",
    `--python_out=${codeFolder}`,
    `--grpc_python_out=${codeFolder}`,
    `--plugin=protoc-gen-grpc_python=${(await run("which", ["grpc_python_plugin"])).trim()}`,
    ...files,
  ]);
  browser = await openBrowser();
  service = await startService({
    CORS_ALLOWED_ORIGINS: browser.origin,
    MAX_RUNNING_JOBS: "1",
    DEMO_LATENCY_MS: "25",
    RATE_LIMIT_BURST: "1000",
  });
  watchers = {
    "grpc by buf curl": bufCurl("grpc"),
    "gRPC-Web by buf curl": bufCurl("grpcweb"),
    "Connect by buf curl": bufCurl("connect"),
    "gRPC by grpc-js": grpcJs,
    "gRPC by Python's C core": python(codeFolder),
    "Connect in Chromium": (r) => browser.watch(r, "connect"),
    "gRPC-Web in Chromium": (r) => browser.watch(r, "grpcweb"),
  };
});

afterAll(async () => {
  await service?.stop();
  await browser?.close();
  await rm(codeFolder, { recursive: true, force: true });
});

async function create(iterations: number): Promise<string> {
  const response = await fetch(`${service.url}/v1/optimize?iterations=${iterations}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(SPEC),
  });
  expect(response.status).toBe(201);
  return ((await response.json()) as { job_id: string }).job_id;
}

async function job(id: string): Promise<{ status: string; last_event_id: number }> {
  return (await (await fetch(`${service.url}/v1/optimize/${id}`)).json()) as {
    status: string;
    last_event_id: number;
  };
}

async function until(
  id: string,
  reached: (j: { status: string; last_event_id: number }) => boolean,
): Promise<void> {
  while (!reached(await job(id))) await new Promise((resolve) => setTimeout(resolve, 20));
}

/** Every client at once, each from the first event. */
function watchAll(jobId: string): Promise<(readonly [string, JsonValue[] | SseFrame[]])[]> {
  const rpc = Object.entries(watchers).map(async ([name, w]) => [name, await w({ service, jobId })] as const);
  const sse = (["--http1.1", "--http2-prior-knowledge"] as const).map(
    async (http) => [`SSE by curl ${http}`, await curlSse({ service, jobId }, http)] as const,
  );
  return Promise.all([...rpc, ...sse]);
}

/** The frames that server-sent events must show for these events. */
function framesOf(events: readonly JsonValue[]): SseFrame[] {
  return events.map((json) => {
    const printed = restJson(EventSchema, fromJson(EventSchema, json)) as { id: number; type: string };
    return { id: printed.id, event: printed.type, data: JSON.stringify(printed) };
  });
}

function idsOf(events: readonly JsonValue[]): number[] {
  return events.map((event) => Number((event as { id: string }).id));
}

function expectSame(
  jobId: string,
  seen: (readonly [string, JsonValue[] | SseFrame[]])[],
  truth: readonly JsonValue[],
) {
  expect(idsOf(truth), jobId).toEqual(truth.map((_, i) => i + 1));
  for (const [name, events] of seen) {
    expect(events, name).toEqual(name.startsWith("SSE") ? framesOf(truth) : truth);
  }
}

describe("one job, watched by clients of every make", () => {
  it("shows each of them every event, from before the run, from its middle and after a restart", async () => {
    const blocker = await create(200);
    const jobId = await create(12);
    expect((await job(jobId)).status).toBe("pending");
    const before = watchAll(jobId);
    await fetch(`${service.url}/v1/optimize/${blocker}`, { method: "DELETE" });
    await until(jobId, (j) => j.last_event_id > 10);
    const middle = watchAll(jobId);
    const seen = [...(await before), ...(await middle)];
    expect((await job(jobId)).status).toBe("finished");
    const truth = await grpcJs({ service, jobId });
    expect(truth.length).toBe((await job(jobId)).last_event_id);
    expectSame(jobId, seen, truth);
    await service.restart("SIGTERM");
    expectSame(jobId, await watchAll(jobId), truth);
    expect(browser.errors).toEqual([]);
  });

  it("loses and repeats nothing for clients that come back with their last id after a crash", async () => {
    const jobId = await create(25);
    const byGrpc: JsonValue[] = [];
    const grpcEnds = (async () => {
      for (;;) {
        const after = byGrpc.length;
        const ended = await grpcJsWatch({ service, jobId, ...(after > 0 ? { after } : {}) }, (e) =>
          byGrpc.push(e),
        ).then(
          () => true,
          () => false,
        );
        if (ended) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    })();
    const bySse: SseFrame[] = [];
    const source = new EventSource(`${service.url}/v1/optimize/${jobId}/events`);
    const sseEnds = new Promise<void>((resolve) => {
      for (const type of [
        "started",
        "generate",
        "judge",
        "select",
        "progress",
        "early_stop",
        "final",
        "finished",
      ]) {
        source.addEventListener(type, (message) => {
          bySse.push({ id: Number(message.lastEventId), event: type, data: message.data });
          if (type === "finished") resolve();
        });
      }
    });
    await until(jobId, (j) => j.last_event_id > 15);
    await service.restart("SIGKILL");
    await Promise.all([grpcEnds, sseEnds]);
    source.close();
    const truth = await grpcJs({ service, jobId });
    expectSame(
      jobId,
      [
        ["grpc-js, reconnecting", byGrpc],
        ["SSE by EventSource, reconnecting", bySse],
      ],
      truth,
    );
  });

  it("is harmed by no reader that stops reading", async () => {
    const jobId = await create(8);
    const silent = request(`${service.url}/v1/optimize/${jobId}/events`);
    silent.on("response", (response) => response.pause());
    silent.on("error", () => undefined);
    silent.end();
    const events = await grpcJs({ service, jobId });
    expect((events.at(-1) as { finished?: unknown }).finished).toBeDefined();
    silent.destroy();
  });
});

describe("the cursor", () => {
  it("starts after the id it names, ends at once at the terminal and is refused beyond it, in every protocol", async () => {
    const jobId = await create(1);
    const truth = await grpcJs({ service, jobId });
    const last = truth.length;
    for (const [name, watch] of Object.entries(watchers)) {
      expect(await watch({ service, jobId, after: 3 }), name).toEqual(truth.slice(3));
      expect(await watch({ service, jobId, after: last }), name).toEqual([]);
      await expect(watch({ service, jobId, after: last + 1 }), name).rejects.toThrow(
        /cursor|invalid.argument/i,
      );
    }
    for (const http of ["--http1.1", "--http2-prior-knowledge"] as const) {
      expect(await curlSse({ service, jobId, after: 3 }, http)).toEqual(framesOf(truth.slice(3)));
    }
    const statusAt = async (id: string) =>
      (await fetch(`${service.url}/v1/optimize/${jobId}/events`, { headers: { "last-event-id": id } }))
        .status;
    expect(await statusAt(String(last))).toBe(204);
    expect(await statusAt(String(last + 1))).toBe(400);
    expect(await statusAt("x")).toBe(400);
  });
});
