import { request as requestHttp1, type IncomingHttpHeaders } from "node:http";
import { connect as connectHttp2 } from "node:http2";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startTestServer, type TestServer } from "../../support/rpc-server.ts";

const ORIGIN = "https://app.example.com";
const WATCH = "/gepa.v1.OptimizationService/WatchJob";

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders };

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({
    config: { corsAllowedOrigins: [ORIGIN] },
    gateway: (_, response) => response.end("{}"),
  });
});
afterEach(() => server.close());

function overHttp1(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = requestHttp1(server.url + path, { method, headers }, (response) => {
      response.resume();
      resolve({ status: response.statusCode ?? 0, headers: response.headers });
    });
    request.on("error", reject).end();
  });
}

function overHttp2(method: string, path: string, headers: Record<string, string>): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const session = connectHttp2(server.url);
    const stream = session.request({ ":method": method, ":path": path, ...headers });
    stream.on("response", (answer) => {
      resolve({ status: Number(answer[":status"]), headers: answer as IncomingHttpHeaders });
      session.close();
    });
    stream.on("error", reject).resume().end();
  });
}

describe.each([
  ["h1", overHttp1],
  ["h2", overHttp2],
])("over %s", (_name, send) => {
  for (const path of [WATCH, "/v1/optimize", "/nothing"]) {
    it(`a preflight for ${path} lets an allowed origin in`, async () => {
      const answer = await send("OPTIONS", path, {
        origin: ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,connect-protocol-version",
      });
      expect(answer.status).toBe(204);
      expect(answer.headers["access-control-allow-origin"]).toBe(ORIGIN);
      expect(answer.headers["access-control-allow-methods"]).toBe("POST, GET, DELETE, HEAD");
      const names = String(answer.headers["access-control-allow-headers"]).toLowerCase().split(", ");
      expect(names).toEqual(
        expect.arrayContaining([
          "authorization",
          "connect-protocol-version",
          "connect-timeout-ms",
          "content-type",
          "grpc-timeout",
          "idempotency-key",
          "if-match",
          "if-none-match",
          "last-event-id",
          "x-grpc-web",
          "x-request-id",
        ]),
      );
      expect(answer.headers["access-control-allow-credentials"]).toBeUndefined();
    });
  }

  for (const origin of ["https://evil.example.com", `${ORIGIN}.evil.com`, "null", "*"]) {
    it(`a preflight gives the origin ${origin} nothing`, async () => {
      const answer = await send("OPTIONS", WATCH, { origin, "access-control-request-method": "POST" });
      expect(answer.status).toBe(204);
      expect(Object.keys(answer.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
    });
  }

  it("an answer to an allowed origin may be read, its headers included", async () => {
    const answer = await send("POST", "/v1/optimize", { origin: ORIGIN });
    expect(answer.headers["access-control-allow-origin"]).toBe(ORIGIN);
    const exposed = String(answer.headers["access-control-expose-headers"]).toLowerCase().split(", ");
    expect(exposed).toEqual(
      expect.arrayContaining([
        "etag",
        "grpc-status",
        "grpc-message",
        "location",
        "ratelimit",
        "retry-after",
        "x-request-id",
      ]),
    );
    expect(answer.headers.vary).toBe("Origin");
  });

  it("an answer to another origin may not be read", async () => {
    const answer = await send("POST", "/v1/optimize", { origin: "https://evil.example.com" });
    expect(answer.headers["access-control-allow-origin"]).toBeUndefined();
  });
});
