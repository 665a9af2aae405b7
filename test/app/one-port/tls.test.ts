import { readFileSync } from "node:fs";
import { connect as connectHttp2 } from "node:http2";
import { get } from "node:https";
import { createClient } from "@connectrpc/connect";
import { createConnectTransport, createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SystemService } from "../../../gen/ts/gepa/v1/system_service_pb.ts";
import { openRawSocket } from "../../support/raw-socket.ts";
import { startTestServer, type TestServer } from "../../support/rpc-server.ts";

/** A certificate for loopback that signs itself; it protects nothing. */
const FOLDER = `${import.meta.dirname}/../../support/tls`;
const ca = readFileSync(`${FOLDER}/cert.pem`);
const files = { keyFile: `${FOLDER}/key.pem`, certFile: `${FOLDER}/cert.pem` };

describe("certificate files that can not be used", () => {
  const cases = [
    [
      "a certificate that is not there",
      { ...files, certFile: `${FOLDER}/none.pem` },
      /^TLS_CERT_FILE: .*none/,
    ],
    ["a key that is not there", { ...files, keyFile: `${FOLDER}/none.pem` }, /^TLS_KEY_FILE: .*none/],
    ["a key that is a folder", { ...files, keyFile: FOLDER }, /^TLS_KEY_FILE: .*EISDIR/],
    ["what is no PEM", { ...files, certFile: import.meta.filename }, /^TLS_CERT_FILE: .*both as PEM/],
  ] as const;
  for (const [what, tls, says] of cases) {
    it(`are named by their variable: ${what}`, async () => {
      const started = startTestServer({ config: { tls } });
      await expect(started).rejects.toMatchObject({
        name: "ConfigError",
        message: expect.stringMatching(says),
      });
    });
  }
});

describe("a server with a certificate", () => {
  let server: TestServer;
  let baseUrl: string;
  beforeEach(async () => {
    server = await startTestServer({ config: { tls: files } });
    baseUrl = `https://127.0.0.1:${server.port}`;
  });
  afterEach(() => server.close());

  it("speaks gRPC over h2 and Connect over h1", async () => {
    const transports = [
      createGrpcTransport({ baseUrl, nodeOptions: { ca } }),
      createConnectTransport({ baseUrl, httpVersion: "1.1", nodeOptions: { ca, agent: false } }),
    ];
    for (const transport of transports) {
      expect(await createClient(SystemService, transport).checkHealth({})).toMatchObject({ status: "ok" });
    }
  });

  it("offers both protocols by ALPN", async () => {
    const session = connectHttp2(baseUrl, { ca });
    await new Promise((resolve) => session.once("connect", resolve));
    expect(session.alpnProtocol).toBe("h2");
    session.close();
  });

  it("asks browsers to come back encrypted", async () => {
    const headers = await new Promise((resolve, reject) => {
      get(`${baseUrl}/nothing`, { ca, agent: false }, (response) => {
        response.resume();
        resolve(response.headers);
      }).on("error", reject);
    });
    expect(headers).toMatchObject({ "strict-transport-security": expect.stringContaining("max-age=") });
  });

  it("closes a connection that is not TLS and goes on", async () => {
    const client = await openRawSocket(server.port);
    await client.send("GET / HTTP/1.1\r\nhost: a\r\n\r\n");
    await client.closed();
    const transport = createGrpcTransport({ baseUrl, nodeOptions: { ca } });
    expect(await createClient(SystemService, transport).checkHealth({})).toMatchObject({ status: "ok" });
  });
});
