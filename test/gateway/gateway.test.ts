import { afterEach, describe, expect, it } from "vitest";
import type {
  CreateJobRequest,
  GetJobRequest,
  ListJobsRequest,
} from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { JobStatus } from "../../gen/ts/gepa/v1/job_pb.ts";
import {
  createAnswer,
  getAnswer,
  getOverHttp2,
  jsonBody,
  type Rig,
  type RigOptions,
  SPEC,
  startRig,
  type Handler,
} from "./rig.ts";
import { create } from "@bufbuild/protobuf";
import { AppError } from "../../src/base/errors.ts";
import {
  type CancelJobRequest,
  CancelJobResponseSchema,
  ListEventsResponseSchema,
  ListJobsResponseSchema,
} from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import {
  GetMetricsResponseSchema,
  GetMetricsTextResponseSchema,
} from "../../gen/ts/gepa/v1/system_service_pb.ts";

let rig: Rig;
const start = async (handlers: Record<string, Handler>, options?: RigOptions) => {
  rig = await startRig(handlers, options);
  return rig;
};
afterEach(() => rig.close());

describe("the founding README's request", () => {
  it("creates a job: 201, Location and the job as JSON", async () => {
    await start({ CreateJob: async () => createAnswer() });
    const reply = await rig.send(
      "POST",
      "/v1/optimize?iterations=5",
      jsonBody({ ...SPEC, target_model_id: "openai/gpt-5-mini" }),
    );
    expect(reply.status).toBe(201);
    expect(reply.headers.location).toBe("/v1/optimize/job-1");
    expect(reply.headers["content-type"]).toBe("application/json");
    expect(reply.json()).toMatchObject({ job_id: "job-1", status: "pending", created_at: 1712345678.123 });
    const input = rig.calls[0]!.input as CreateJobRequest;
    expect(input.iterations).toBe(5);
    expect(input.spec?.prompt).toBe("Be brief.");
    expect(input.spec?.targetModelId).toBe("openai/gpt-5-mini");
    expect(input.spec?.examples[0]?.input).toBe("Hello");
  });
});

describe("a caller who is not let in", () => {
  const authorise = () => {
    throw new AppError("unauthorized", "A token is needed.");
  };

  it("is told so before its body is read", async () => {
    await start({}, { authorise, maxRequestBytes: 100 });
    for (const body of ["{", "x".repeat(1_000_000)]) {
      const reply = await rig.send("POST", "/v1/optimize", { body });
      expect([reply.status, reply.headers["www-authenticate"]]).toEqual([401, "Bearer"]);
    }
    expect(rig.calls).toEqual([]);
  });

  it("is known by method, headers and address", async () => {
    const asked: unknown[] = [];
    await start(
      { GetJob: async () => getAnswer() },
      {
        authorise: (method, header, address) =>
          asked.push([method.name, header.get("authorization"), address]),
      },
    );
    await rig.send("GET", "/v1/optimize/j", { headers: { authorization: "Bearer t" } });
    expect(asked).toEqual([["GetJob", "Bearer t", "127.0.0.1"]]);
  });
});

describe("what never reaches the services", () => {
  const cases: [method: string, path: string, body: string | undefined, service: string, code: string][] = [
    ["POST", "/v1/optimize", "{", "gepa.v1.OptimizationService/CreateJob", "invalid_argument"],
    [
      "GET",
      "/v1/optimize?page_size=x",
      undefined,
      "gepa.v1.OptimizationService/ListJobs",
      "invalid_argument",
    ],
    ["GET", "/v1/nothing", undefined, "none", "not_found"],
    ["PUT", "/v1/optimize", undefined, "none", "unimplemented"],
  ];
  for (const [method, path, body, service, code] of cases) {
    it(`${method} ${path} is counted as ${code}`, async () => {
      await start({});
      const headers = { "content-type": "application/json" };
      await rig.send(method, path, { headers, ...(body !== undefined && { body }) });
      expect(rig.counted).toEqual([{ name: "requests_total", protocol: "rest", method: service, code }]);
    });
  }

  it("is counted here alone: the services count what reaches them", async () => {
    await start({ GetJob: () => Promise.reject(new AppError("not_found", "No.")) });
    await rig.send("GET", "/v1/optimize/j");
    expect(rig.counted).toEqual([]);
  });
});

describe("headers that fill fields", () => {
  const keys: [
    name: string,
    headers: Record<string, string | string[]>,
    query: string,
    status: number,
    key: string,
  ][] = [
    ["a bare key", { "idempotency-key": "demo-123" }, "", 201, "demo-123"],
    ["a structured-field string", { "idempotency-key": '"8e03"' }, "", 201, "8e03"],
    ["an escaped quote", { "idempotency-key": '"a\\"b"' }, "", 201, 'a"b'],
    ["the same key in the query", { "idempotency-key": "k" }, "?request_id=k", 201, "k"],
    ["another key in the query", { "idempotency-key": "k" }, "?request_id=other", 400, ""],
    ["two headers", { "idempotency-key": ["a", "b"] }, "", 400, ""],
    ["an empty key", { "idempotency-key": '""' }, "", 400, ""],
    ["a key with a space", { "idempotency-key": "a b" }, "", 400, ""],
    ["a key of 256 characters", { "idempotency-key": "k".repeat(256) }, "", 400, ""],
  ];
  for (const [name, headers, query, status, key] of keys) {
    it(`takes ${name} as ${status}`, async () => {
      await start({ CreateJob: async () => createAnswer() });
      const sent = jsonBody(SPEC);
      const reply = await rig.send("POST", `/v1/optimize${query}`, {
        ...sent,
        headers: { ...sent.headers, ...headers },
      });
      expect(reply.status).toBe(status);
      expect(rig.calls.map((call) => (call.input as CreateJobRequest).requestId)).toEqual(
        status === 201 ? [key] : [],
      );
    });
  }

  const matches: [header: string, field: string][] = [
    ['"v7"', '"v7"'],
    ["*", "*"],
    ['W/"v7"', 'W/"v7"'],
  ];
  for (const [header, field] of matches) {
    it(`passes If-Match: ${header} on`, async () => {
      await start({ CancelJob: async () => create(CancelJobResponseSchema) });
      const reply = await rig.send("DELETE", "/v1/optimize/job-1", { headers: { "if-match": header } });
      expect(reply.status).toBe(200);
      expect((rig.calls[0]!.input as CancelJobRequest).ifMatch).toBe(field);
    });
  }

  it("answers with the handlers' own headers, but lets none of them touch the transport", async () => {
    const header = {
      "idempotent-replayed": "true",
      ratelimit: '"create";r=1;t=2',
      connection: "close",
      "content-length": "1",
    };
    await start({ GetJob: async () => getAnswer() }, { header });
    const reply = await rig.send("GET", "/v1/optimize/job-1");
    expect(reply.headers["idempotent-replayed"]).toBe("true");
    expect(reply.headers.ratelimit).toBe('"create";r=1;t=2');
    expect(reply.json()).toMatchObject({ job_id: "job-1" });
  });

  it("passes the caller's token, address and deadline to the services", async () => {
    await start({ GetJob: async () => getAnswer() });
    await rig.send("GET", "/v1/optimize/job-1", {
      headers: { authorization: "Bearer t", "x-request-timeout": "2.5" },
    });
    const context = rig.calls[0]?.context;
    expect(context?.header.get("authorization")).toBe("Bearer t");
    expect(context?.clientAddress).toBe("127.0.0.1");
    expect(context?.timeoutMs).toBe(2500);
    expect(context?.url).toBe("/v1/optimize/job-1");
  });
});

describe("entity tags", () => {
  const cases: [ifNoneMatch: string, status: number][] = [
    ['"v7"', 304],
    ['W/"v7"', 304],
    ['"v1", "v7"', 304],
    ["*", 304],
    ['"v1"', 200],
    ["v7", 200],
  ];
  for (const [header, status] of cases) {
    it(`answer If-None-Match: ${header} with ${status}`, async () => {
      await start({ GetJob: async () => getAnswer() });
      const reply = await rig.send("GET", "/v1/optimize/job-1", { headers: { "if-none-match": header } });
      expect(reply.status).toBe(status);
      expect(reply.headers.etag).toBe('"v7"');
      expect(reply.text === "").toBe(status === 304);
    });
  }
});

describe("methods and paths", () => {
  it("serves HEAD as GET without a body, with the same length", async () => {
    await start({ GetJob: async () => getAnswer() });
    const get = await rig.send("GET", "/v1/optimize/job-1");
    const head = await rig.send("HEAD", "/v1/optimize/job-1");
    expect(head.status).toBe(200);
    expect(head.text).toBe("");
    expect(head.headers["content-length"]).toBe(get.headers["content-length"]);
  });

  it("names the methods a path has when another one comes", async () => {
    await start({});
    const reply = await rig.send("PUT", "/v1/optimize/job-1");
    expect(reply.status).toBe(405);
    expect(reply.headers.allow).toBe("DELETE, GET, HEAD, OPTIONS");
    expect(reply.json()).toMatchObject({ error: { code: "method_not_allowed" } });
  });

  it("answers OPTIONS with what a path takes", async () => {
    await start({});
    const reply = await rig.send("OPTIONS", "/v1/optimize");
    expect([reply.status, reply.headers.allow]).toEqual([204, "GET, HEAD, OPTIONS, POST"]);
  });

  for (const path of [
    "/v1",
    "/v1/",
    "/v1/nothing",
    "/v1/optimize/",
    "/v1/optimize/a/b/c",
    "/v1/metricsfoo",
    "//v1/optimize",
    "/V1/optimize",
    "/docs/",
    "/robots.txt",
    "/gepa.v1.OptimizationService/NoSuchMethod",
  ]) {
    it(`serves nothing at ${path}, and says so as it says everything`, async () => {
      await start({});
      const reply = await rig.send("GET", path);
      expect(reply.status).toBe(404);
      expect(reply.json()).toMatchObject({
        status: 404,
        instance: path,
        error: { code: "not_found", details: { request_id: reply.headers["x-request-id"] } },
      });
    });
  }

  it("decodes path segments, and refuses what is no text", async () => {
    await start({ GetJob: async () => getAnswer() });
    await rig.send("GET", "/v1/optimize/a%2Fb%20c");
    expect((rig.calls[0]!.input as GetJobRequest).jobId).toBe("a/b c");
    for (const path of ["/v1/optimize/%ff", "/v1/optimize/%", "/v1/optimize/a%00b"]) {
      const reply = await rig.send("GET", path);
      expect([path, reply.status]).toEqual([path, 400]);
    }
  });

  it("works the same over HTTP/2", async () => {
    await start({ GetJob: async () => getAnswer() }, { isHttp2: true });
    const reply = await getOverHttp2(rig.port, "/v1/optimize/job-1");
    expect(reply.status).toBe(200);
    expect(reply.json()).toMatchObject({ job_id: "job-1", status: "running" });
  });
});

describe("query parameters", () => {
  const list: Handler = async () => create(ListJobsResponseSchema);

  it("fill scalar fields, enums by their short names", async () => {
    await start({ ListJobs: list });
    const reply = await rig.send("GET", "/v1/optimize?page_size=7&status=running");
    expect(reply.json()).toEqual({ jobs: [] });
    const input = rig.calls[0]!.input as ListJobsRequest;
    expect([input.pageSize, input.status]).toEqual([7, JobStatus.RUNNING]);
  });

  const refused: [query: string, status: number, field: string, words: string][] = [
    ["page_size=x", 422, "page_size", "whole number"],
    ["page_size=1.5", 422, "page_size", "whole number"],
    ["page_size=99999999999", 422, "page_size", "whole number"],
    ["page_size=", 422, "page_size", "whole number"],
    ["status=RUNNING", 422, "status", "pending, running"],
    ["status=unspecified", 422, "status", "pending, running"],
    ["pageSize=3", 400, "pageSize", "page_size"],
    ["page_size=3&page_size=4", 400, "page_size", "twice"],
    ["color=red", 400, "color", "color"],
    ["job_id=x", 400, "job_id", "job_id"],
  ];
  for (const [query, status, field, words] of refused) {
    it(`refuses ?${query} by name`, async () => {
      await start({ ListJobs: list });
      const reply = await rig.send("GET", `/v1/optimize?${query}`);
      expect(reply.status).toBe(status);
      expect(reply.json()).toMatchObject({ error: { details: { violations: [{ field }] } } });
      expect(reply.text).toContain(words);
      expect(rig.calls).toEqual([]);
    });
  }

  it("accept the same content twice", async () => {
    await start({ ListJobs: list });
    expect((await rig.send("GET", "/v1/optimize?page_size=3&page_size=3")).status).toBe(200);
  });

  it("repeat for a list", async () => {
    await start({ ListEvents: async () => create(ListEventsResponseSchema) });
    await rig.send("GET", "/v1/optimize/j/log?types=select&types=final&after_event_id=4");
    expect(rig.calls[0]?.input).toMatchObject({ jobId: "j", types: ["select", "final"], afterEventId: 4n });
  });
});

describe("metrics", () => {
  it("come as text in Prometheus' media type", async () => {
    await start({
      GetMetricsText: async () => create(GetMetricsTextResponseSchema, { text: "sse_clients 0\n" }),
    });
    const reply = await rig.send("GET", "/v1/metrics");
    expect(reply.headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(reply.text).toBe("sse_clients 0\n");
  });

  it("come as plain JSON", async () => {
    await start({
      GetMetrics: async () => create(GetMetricsResponseSchema, { metrics: { sse_clients: 0 } }),
    });
    expect((await rig.send("GET", "/v1/metricsz")).json()).toEqual({ sse_clients: 0 });
  });
});

describe("every answer", () => {
  const paths = ["/v1/optimize/job-1", "/v1/nothing", "/", "/docs", "/openapi.json"];
  for (const path of paths) {
    it(`at ${path} has a request id and refuses to be sniffed or framed`, async () => {
      await start({ GetJob: async () => getAnswer() });
      const reply = await rig.send("GET", path, { headers: { "x-request-id": "mine-1" } });
      expect(reply.headers["x-request-id"]).toBe("mine-1");
      expect(reply.headers["x-content-type-options"]).toBe("nosniff");
      expect(reply.headers["content-security-policy"]).toContain("frame-ancestors 'none'");
    });
  }

  for (const bad of ["", "x".repeat(65), "a b", "<script>"]) {
    it(`gets a new request id where the caller's is ${JSON.stringify(bad.slice(0, 10))}`, async () => {
      await start({ GetJob: async () => getAnswer() });
      const reply = await rig.send("GET", "/v1/optimize/job-1", { headers: { "x-request-id": bad } });
      expect(reply.headers["x-request-id"]).toBe("request-1");
      expect(rig.calls[0]?.context.header.get("x-request-id")).toBe("request-1");
    });
  }
});

it("tells the services when the caller goes away", async () => {
  let aborted: () => void = () => undefined;
  const seen = new Promise<void>((resolve) => {
    aborted = resolve;
  });
  const controller = new AbortController();
  await start({
    GetJob: ({ context }) =>
      new Promise((_, reject) => {
        context.signal.addEventListener("abort", () => {
          aborted();
          reject(context.signal.reason);
        });
        controller.abort();
      }),
  });
  const left = fetch(`http://127.0.0.1:${rig.port}/v1/optimize/j`, { signal: controller.signal });
  await expect(left).rejects.toThrow();
  await seen;
});
