import { connect as connectHttp2 } from "node:http2";
import { connect as connectTcp } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import type { JobEvent } from "../../../src/domain/event.ts";
import { aStoredEvent, createFakeLog, type FakeLog } from "../../support/fake-use-cases.ts";
import { openRawSocket } from "../../support/raw-socket.ts";
import { startTestServer, type TestServer } from "../../support/rpc-server.ts";

const WATCH = "/gepa.v1.OptimizationService/WatchJob";

/** Enough to fill every buffer between the server and a client on loopback that does not read. */
const EVENTS = 2_000;
const BIG = "x".repeat(10_000);

let server: TestServer;
let log: FakeLog;
afterEach(() => server.close());

async function startWatchable(): Promise<void> {
  log = createFakeLog();
  for (let id = 1; id <= EVENTS; id++) {
    const event: JobEvent = {
      ...aStoredEvent(id),
      type: "early_stop",
      data: { iteration: id, reason: "plateau", detail: BIG },
    };
    log.push({ kind: "event", event });
  }
  server = await startTestServer({ useCases: { watchJob: log.watchJob } });
}

/** Resolves when the watch has not moved for a while, since nobody takes what it has. */
async function untilStalled(): Promise<void> {
  for (let before = -1, quiet = 0; quiet < 50; ) {
    quiet = log.taken() === before ? quiet + 1 : 0;
    before = log.taken();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** A Connect stream request in its envelope: `{"jobId":"j1"}`. */
function envelope(): Buffer {
  const message = Buffer.from('{"jobId":"j1"}');
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

async function stalledHttp1() {
  const client = await openRawSocket(server.port);
  client.socket.pause();
  const body = envelope();
  const head = `POST ${WATCH} HTTP/1.1\r\nhost: a\r\ncontent-type: application/connect+json\r\ncontent-length: ${body.length}\r\n\r\n`;
  await client.send(Buffer.concat([Buffer.from(head), body]));
  await log.untilWatching(1);
  await untilStalled();
  return client.socket;
}

async function stalledHttp2() {
  const socket = connectTcp(server.port, "127.0.0.1");
  const session = connectHttp2(server.url, { createConnection: () => socket });
  session.on("error", () => undefined);
  const stream = session.request({
    ":method": "POST",
    ":path": WATCH,
    "content-type": "application/connect+json",
  });
  stream.on("error", () => undefined);
  stream.end(envelope());
  await log.untilWatching(1);
  await untilStalled();
  return { session, stream, socket };
}

describe("a reader that stops reading", () => {
  it("stops its own stream after a bounded amount, over h2", async () => {
    await startWatchable();
    const { session } = await stalledHttp2();
    expect(log.taken()).toBeLessThan(100);
    session.destroy();
  });

  it("stops its own stream, over h1", async () => {
    await startWatchable();
    const socket = await stalledHttp1();
    expect(log.taken()).toBeLessThan(EVENTS);
    socket.destroy();
  });

  it("harms no other reader", async () => {
    await startWatchable();
    const socket = await stalledHttp1();
    const other = await openRawSocket(server.port);
    await other.send("GET /nothing HTTP/1.1\r\nhost: a\r\n\r\n");
    expect(await other.until("Not Found")).toContain("404");
    other.socket.destroy();
    socket.destroy();
  });
});

describe("a stalled reader that dies frees its watch", () => {
  it("over h1, by FIN", async () => {
    await startWatchable();
    (await stalledHttp1()).destroySoon();
    await log.untilWatching(0);
  });

  it("over h1, by reset", async () => {
    await startWatchable();
    (await stalledHttp1()).resetAndDestroy();
    await log.untilWatching(0);
  });

  it("over h2, by FIN", async () => {
    await startWatchable();
    (await stalledHttp2()).socket.end();
    await log.untilWatching(0);
  });

  it("over h2, by the end of its session", async () => {
    await startWatchable();
    (await stalledHttp2()).session.destroy();
    await log.untilWatching(0);
  });

  it("over h2, by the reset of its stream alone", async () => {
    await startWatchable();
    const { session, stream } = await stalledHttp2();
    stream.close(8); // CANCEL
    await log.untilWatching(0);
    expect(session.destroyed).toBe(false);
    session.destroy();
  });
});
