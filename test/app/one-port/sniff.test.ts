import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PREFACE, protocolOf } from "../../../src/app/one-port/preface.ts";
import { DECISION_TIMEOUT_MS } from "../../../src/app/one-port/sniff.ts";
import { openRawSocket } from "../../support/raw-socket.ts";
import { startTestServer, type TestServer } from "../../support/rpc-server.ts";

const HEALTH = "/gepa.v1.SystemService/CheckHealth";
const POST = `POST ${HEALTH} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}`;

describe("protocolOf", () => {
  const cases: readonly (readonly [bytes: string, protocol: "h1" | "h2" | undefined])[] = [
    ["", undefined],
    ["P", undefined],
    ["PR", undefined],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r", undefined],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "h2"],
    ["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0", "h2"],
    ["PO", "h1"],
    ["PUT /", "h1"],
    ["PATCH /", "h1"],
    ["PRI * HTTP/1.1", "h1"],
    ["GET / HTTP/1.1", "h1"],
    ["\x16\x03\x01", "h1"],
  ];
  for (const [bytes, protocol] of cases) {
    it(`takes ${JSON.stringify(bytes)} for ${protocol ?? "not decided yet"}`, () => {
      expect(protocolOf(Buffer.from(bytes, "latin1"))).toBe(protocol);
    });
  }
});

describe("a cleartext connection", () => {
  let server: TestServer;
  beforeEach(async () => {
    server = await startTestServer();
  });
  afterEach(() => server.close());

  it("may send a POST byte by byte", async () => {
    const client = await openRawSocket(server.port);
    client.socket.setNoDelay(true);
    for (const byte of POST) await client.send(byte);
    expect(await client.until('"status"')).toMatch(/^HTTP\/1.1 200 OK[\s\S]*{"status":"ok"}/);
    client.socket.destroy();
  });

  it("may send several requests at once", async () => {
    const client = await openRawSocket(server.port);
    await client.send(POST + POST.replace("CheckHealth", "Nothing"));
    expect(await client.until("Not Found")).toMatch(/^HTTP\/1.1 200 OK[\s\S]*HTTP\/1.1 404 Not Found/);
    client.socket.destroy();
  });

  it("may send the HTTP/2 preface in pieces", async () => {
    for (const cut of [1, 3, 20, 23]) {
      const client = await openRawSocket(server.port);
      client.socket.setNoDelay(true);
      await client.send(PREFACE.subarray(0, cut));
      await server.clock.untilSleeping();
      await client.send(Buffer.concat([PREFACE.subarray(cut), Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
      // A frame of type 4 (SETTINGS) on stream 0 is what a server of HTTP/2 says first.
      expect(await client.until("\x04\0\0\0\0\0")).not.toContain("HTTP/1.1");
      client.socket.destroy();
    }
  });

  it("that begins like the preface and goes on wrongly gets 400", async () => {
    const client = await openRawSocket(server.port);
    await client.send("PRI * HTTP/9.9\r\n\r\n");
    expect(await client.closed()).toMatch(/^HTTP\/1.1 400 Bad Request/);
  });

  it("may end its side after the request and still gets the answer", async () => {
    const client = await openRawSocket(server.port);
    client.socket.end(POST);
    expect(await client.until('"status"')).toContain("200 OK");
  });

  for (const [what, bytes] of [
    ["says nothing", ""],
    ["stops inside the preface", "PRI"],
  ] as const) {
    it(`that ${what} is closed in time`, async () => {
      const client = await openRawSocket(server.port);
      if (bytes !== "") await client.send(bytes);
      await server.clock.untilSleeping();
      await server.clock.advance(DECISION_TIMEOUT_MS - 1);
      expect(client.socket.closed).toBe(false);
      await server.clock.advance(1);
      expect(await client.closed()).toBe("");
    });

    it(`that ${what} and leaves is let go`, async () => {
      const client = await openRawSocket(server.port);
      if (bytes !== "") await client.send(bytes);
      client.socket.end();
      expect(await client.closed()).toBe("");
      expect(server.clock.sleepers()).toEqual([]);
    });
  }

  it("leaves no timer behind once the protocol is known", async () => {
    const client = await openRawSocket(server.port);
    await client.send(POST);
    await client.until('"status"');
    expect(server.clock.sleepers()).toEqual([]);
    client.socket.destroy();
  });

  it("is counted while it lasts", async () => {
    const client = await openRawSocket(server.port);
    await server.clock.untilSleeping();
    expect(server.metrics.values.get("connections")).toBe(1);
    client.socket.end();
    await client.closed();
    expect(server.metrics.values.get("connections")).toBe(0);
  });

  for (const [what, request, status] of [
    ["a Host header that is none", POST.replace("host: a", "host: a b["), 400],
    ["no Host header", POST.replace("host: a\r\n", ""), 400],
    ["headers beyond the limit", POST.replace("host: a", `host: a\r\nx: ${"y".repeat(20_000)}`), 431],
    ["NUL in the token", POST.replace("host: a", "host: a\r\nauthorization: Bearer \0"), 400],
    ["an unknown path", POST.replace("CheckHealth", "X"), 404],
    ["an unknown media type", POST.replace("application/json", "text/x"), 415],
  ] as const) {
    it(`with ${what} gets ${status} and the server goes on`, async () => {
      const client = await openRawSocket(server.port);
      await client.send(request);
      expect(await client.until("\r\n\r\n")).toContain(`HTTP/1.1 ${status}`);
      client.socket.destroy();
      const next = await openRawSocket(server.port);
      await next.send(POST);
      expect(await next.until('"status"')).toContain("200 OK");
      next.socket.destroy();
    });
  }
});

describe("the limit of connections", () => {
  it("closes what comes beyond it", async () => {
    const server = await startTestServer({ config: { maxConnections: 1 } });
    const first = await openRawSocket(server.port);
    await server.clock.untilSleeping();
    const second = connectTcp(server.port, "127.0.0.1");
    second.on("error", () => undefined);
    await new Promise((resolve) => second.once("close", resolve));
    expect(first.socket.closed).toBe(false);
    first.socket.destroy();
    await server.close();
  });
});

describe("an HTTP/2 session", () => {
  it("is pinged, and destroyed when its peer is silent", async () => {
    const server = await startTestServer();
    const client = await openRawSocket(server.port);
    await client.send(Buffer.concat([PREFACE, Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0])]));
    await client.until("\x04\0\0\0\0\0");
    await server.clock.advance(30_000);
    await client.until("\0\0\x08\x06"); // a PING, which this client does not answer
    await server.clock.advance(9_999);
    expect(client.socket.closed).toBe(false);
    await server.clock.advance(1);
    await client.closed();
    await server.close();
  });

  it("lives on while its peer answers", async () => {
    const server = await startTestServer();
    const session = connectHttp2(server.url);
    await new Promise((resolve) => session.once("remoteSettings", resolve));
    const pinged = new Promise((resolve) => session.once("ping", resolve));
    await server.clock.advance(30_000);
    await pinged;
    while (server.clock.sleepers().length > 1) await new Promise((resolve) => setImmediate(resolve));
    await server.clock.advance(20_000);
    expect(session.destroyed).toBe(false);
    session.close();
    await server.close();
  });

  it("is told how many streams it may have", async () => {
    const server = await startTestServer();
    const session = connectHttp2(server.url);
    const settings = await new Promise((resolve) => session.once("remoteSettings", resolve));
    expect(settings).toMatchObject({ maxConcurrentStreams: 1_000, maxHeaderListSize: 16_384 });
    session.close();
    await server.close();
  });
});
