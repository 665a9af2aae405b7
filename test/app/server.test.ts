import { connect as connectHttp2 } from "node:http2";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { describe, expect, it } from "vitest";
import { OptimizationService } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { ErrorInfoSchema } from "../../gen/ts/google/rpc/error_details_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../gen/ts/grpc/health/v1/health_pb.ts";
import type { Job } from "../../src/domain/job.ts";
import { createFakeLog } from "../support/fake-use-cases.ts";
import { aJob } from "../support/jobs.ts";
import { openRawSocket } from "../support/raw-socket.ts";
import { startTestServer } from "../support/rpc-server.ts";

const TRANSPORTS = [
  ["gRPC", (baseUrl: string) => createGrpcTransport({ baseUrl })],
  ["Connect over h1", (baseUrl: string) => createConnectTransport({ baseUrl, httpVersion: "1.1" })],
] as const;

describe("a server that stops", () => {
  for (const [name, open] of TRANSPORTS) {
    it(`tells open streams to come back elsewhere, over ${name}`, async () => {
      const log = createFakeLog();
      const server = await startTestServer({ useCases: { watchJob: log.watchJob } });
      const jobs = createClient(OptimizationService, open(server.url));
      const messages = jobs.watchJob({ jobId: "j1", includeJob: true })[Symbol.asyncIterator]();
      await messages.next();
      const stopped = server.server.stop();
      const error = ConnectError.from(await messages.next().catch((reason: unknown) => reason));
      expect(error.code).toBe(Code.Unavailable);
      expect(error.findDetails(ErrorInfoSchema)).toMatchObject([{ reason: "DRAINING" }]);
      await stopped;
      expect(log.watching()).toBe(0);
    });

    it(`lets a unary call that is under way end, over ${name}`, async () => {
      let finish: (job: Job) => void = () => undefined;
      let began: () => void = () => undefined;
      const begun = new Promise<void>((resolve) => {
        began = resolve;
      });
      const server = await startTestServer({
        useCases: {
          getJob: () => {
            began();
            return new Promise((resolve) => {
              finish = resolve;
            });
          },
        },
      });
      const jobs = createClient(OptimizationService, open(server.url));
      const call = jobs.getJob({ jobId: "j1" });
      await begun;
      const stopped = server.server.stop();
      finish(aJob("j1"));
      expect(await call).toMatchObject({ job: { jobId: "j1" } });
      await stopped;
    });
  }

  it("takes no new connection and resolves when the last one is closed", async () => {
    const server = await startTestServer();
    const session = connectHttp2(server.url);
    await new Promise((resolve) => session.once("connect", resolve));
    const idle = await openRawSocket(server.port);
    await server.server.stop();
    await idle.closed();
    const late = connectHttp2(server.url);
    await expect(new Promise((_, reject) => late.once("error", reject))).rejects.toMatchObject({
      code: "ECONNREFUSED",
    });
  });

  it("destroys what is still open after the grace", async () => {
    const server = await startTestServer({ useCases: { getJob: () => new Promise(() => undefined) } });
    const jobs = createClient(OptimizationService, createGrpcTransport({ baseUrl: server.url }));
    const call = jobs.getJob({ jobId: "j1" });
    call.catch(() => undefined);
    await server.clock.untilSleeping(2);
    const stopped = server.server.stop();
    await server.clock.advance(1_000);
    await stopped;
    await expect(call).rejects.toBeInstanceOf(ConnectError);
  });

  it("shows it in health before streams end, and refuses new calls on old connections", async () => {
    const server = await startTestServer();
    const transport = createGrpcTransport({ baseUrl: server.url });
    const health = createClient(Health, transport);
    const watch = health.watch({})[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ status: Status.SERVING });
    server.serving.drain();
    expect((await watch.next()).value).toMatchObject({ status: Status.NOT_SERVING });
    expect(await health.check({})).toMatchObject({ status: Status.NOT_SERVING });
    const call = createClient(OptimizationService, transport).getJob({ jobId: "j1" });
    await expect(call).rejects.toMatchObject({ code: Code.Unavailable });
    await server.close();
    await expect(watch.next()).rejects.toMatchObject({ code: Code.Unavailable });
  });
});

describe("a server that can not listen", () => {
  it("says so", async () => {
    const first = await startTestServer();
    await expect(startTestServer({ config: { port: first.port } })).rejects.toMatchObject({
      code: "EADDRINUSE",
    });
    await first.close();
  });
});

describe("a target in absolute form", () => {
  const targets = [
    ["http://api.example/v1/x?a=1", "gateway api.example /v1/x?a=1"],
    ["HTTPS://api.example:8443/v1/x", "gateway api.example:8443 /v1/x"],
    ["http://api.example?a=1", "gateway api.example /?a=1"],
    ["/v1/http://other/x", "gateway header.example /v1/http://other/x"],
    ["http://api.example/grpc.health.v1.Health/Check", '{"status":"SERVING"}'],
  ] as const;
  for (const [target, expected] of targets) {
    it(`is served as the path and the host that it names: ${target}`, async () => {
      const server = await startTestServer({
        gateway: (request, response) => void response.end(`gateway ${request.headers.host} ${request.url}`),
      });
      const client = await openRawSocket(server.port);
      await client.send(
        `POST ${target} HTTP/1.1\r\nhost: header.example\r\ncontent-type: application/json\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`,
      );
      expect(await client.closed()).toContain(expected);
      await server.close();
    });
  }
});

describe("the order of the doors", () => {
  it("lets the gateway answer its own paths and RPCs the rest", async () => {
    const server = await startTestServer({
      gateway(request, response) {
        if (request.url !== "/v1/x") return false;
        response.end("gateway");
        return true;
      },
    });
    const texts = await Promise.all(
      ["/v1/x", "/grpc.health.v1.Health/Check"].map(async (path) => {
        const init = { method: "POST", headers: { "content-type": "application/json" }, body: "{}" };
        return (await fetch(server.url + path, init)).text();
      }),
    );
    expect(texts).toEqual(["gateway", '{"status":"SERVING"}']);
    await server.close();
  });

  it("makes every answer safe", async () => {
    const server = await startTestServer();
    const answer = await fetch(`${server.url}/nothing`);
    expect([...answer.headers]).toEqual(
      expect.arrayContaining([
        ["cache-control", "no-store"],
        ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
        ["x-content-type-options", "nosniff"],
        ["x-frame-options", "DENY"],
      ]),
    );
    await server.close();
  });
});
