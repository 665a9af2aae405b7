import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { EventSource } from "eventsource";
import { afterEach, describe, expect, it } from "vitest";
import type { WatchJobRequest } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { abortable } from "../../src/base/abort.ts";
import { AppError } from "../../src/base/errors.ts";
import { SSE_STALL_TIMEOUT_MS } from "../../src/gateway/event-writer.ts";
import type { Message } from "@bufbuild/protobuf";
import {
  type Call,
  event,
  eventMessage,
  getOverHttp2,
  type Handler,
  type Rig,
  type RigOptions,
  snapshot,
  startRig,
} from "./rig.ts";
import { restJson } from "../../src/gateway/json/print.ts";
import { EventSchema } from "../../gen/ts/gepa/v1/event_pb.ts";

let rig: Rig;
const start = async (watch: Handler, options?: RigOptions) => {
  rig = await startRig({ WatchJob: watch }, options);
};
afterEach(() => rig.close());

const never = (signal: AbortSignal) => abortable(new Promise<never>(() => undefined), signal);

/** A finished job of `last` events. */
async function* finished({ input }: Call, last: number): AsyncGenerator<Message> {
  yield snapshot({ lastEventId: last, hasEnded: true });
  const after = Number((input as WatchJobRequest).afterEventId ?? 0n);
  for (let id = after + 1; id <= last; id++) yield eventMessage(id, last);
}

function parse(text: string): EventSourceMessage[] {
  const events: EventSourceMessage[] = [];
  createParser({ onEvent: (message) => events.push(message) }).feed(text);
  return events;
}

/** Opens a raw connection, so that a test decides when and whether it reads. */
function openSocket(path: string, onText: (text: string) => void) {
  const socket = connect(rig.port, "127.0.0.1");
  socket.setEncoding("utf8");
  socket.on("data", onText);
  socket.on("error", () => undefined);
  socket.write(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}

/** Collects what a raw connection receives until a piece of text has come. */
function reader() {
  let text = "";
  let check: () => void = () => undefined;
  return {
    take(piece: string) {
      text += piece;
      check();
    },
    text: () => text,
    until: (wanted: string) =>
      new Promise<void>((resolve) => {
        check = () => text.includes(wanted) && resolve();
        check();
      }),
  };
}

describe("a finished job", () => {
  for (const isHttp2 of [false, true]) {
    it(`is replayed in full and closed, over HTTP/${isHttp2 ? 2 : "1.1"}`, async () => {
      await start((call) => finished(call, 3), { isHttp2 });
      const path = "/v1/optimize/job-1/events";
      const reply = await (isHttp2 ? getOverHttp2(rig.port, path) : rig.send("GET", path));
      expect(reply.status).toBe(200);
      expect(reply.headers["content-type"]).toBe("text/event-stream");
      expect(reply.headers["cache-control"]).toBe("no-store, no-transform");
      expect(reply.headers["x-accel-buffering"]).toBe("no");
      expect(reply.text.startsWith("retry: 1500\n\nid: 1\nevent: progress\ndata: {")).toBe(true);
      const events = parse(reply.text);
      expect(events.map((e) => [e.id, e.event])).toEqual([
        ["1", "progress"],
        ["2", "progress"],
        ["3", "finished"],
      ]);
      expect(events.map((e) => JSON.parse(e.data))).toEqual(
        [1, 2, 3].map((id) => restJson(EventSchema, event(id, 3))),
      );
      expect((rig.calls[0]!.input as WatchJobRequest).includeJob).toBe(true);
    });
  }

  it("prints an event as the contract says, to the letter", async () => {
    await start((call) => finished(call, 5));
    const reply = await rig.send("GET", "/v1/optimize/job-1/events?last_event_id=4");
    expect(reply.text).toBe(
      'retry: 1500\n\nid: 5\nevent: finished\ndata: {"id":5,"type":"finished","schema_version":1,"job_id":"job-1",' +
        '"ts":1712345678.123,"data":{"stop_reason":"iterations"}}\n\n',
    );
  });

  it("is answered with 204 to a reader who has seen it all", async () => {
    await start((call) => finished(call, 3));
    const reply = await rig.send("GET", "/v1/optimize/job-1/events", { headers: { "last-event-id": "3" } });
    expect([reply.status, reply.text]).toEqual([204, ""]);
    expect(reply.headers["x-request-id"]).toBe("request-1");
  });

  it("is answered with 204 where the stream is empty", async () => {
    await start(async function* () {});
    expect((await rig.send("GET", "/v1/optimize/job-1/events")).status).toBe(204);
  });

  it("answers HEAD with the head alone", async () => {
    await start((call) => finished(call, 3));
    const reply = await rig.send("HEAD", "/v1/optimize/job-1/events");
    expect([reply.status, reply.headers["content-type"], reply.text]).toEqual([200, "text/event-stream", ""]);
  });
});

describe("the cursor", () => {
  const cursors: [name: string, header: string | undefined, query: string, after: bigint | undefined][] = [
    ["neither", undefined, "", undefined],
    ["the query", undefined, "?last_event_id=2", 2n],
    ["the header", "1", "", 1n],
    ["the header before the query", "1", "?last_event_id=2", 1n],
    ["the header before a wrong query", "1", "?last_event_id=x", 1n],
    ["zero", "0", "", 0n],
  ];
  for (const [name, header, query, after] of cursors) {
    it(`comes from ${name}`, async () => {
      await start((call) => finished(call, 3));
      const headers = header === undefined ? {} : { "last-event-id": header };
      const reply = await rig.send("GET", `/v1/optimize/job-1/events${query}`, { headers });
      expect((rig.calls[0]!.input as WatchJobRequest).afterEventId).toBe(after);
      expect(parse(reply.text)[0]?.id).toBe(String(Number(after ?? 0n) + 1));
    });
  }

  for (const wrong of ["x", "-1", "1.0", "1e3", "+5", " ", "0x1", "9".repeat(16)]) {
    it(`is refused as ${JSON.stringify(wrong)} before the stream starts`, async () => {
      await start((call) => finished(call, 3));
      const query = encodeURIComponent(wrong);
      const reply = await rig.send("GET", `/v1/optimize/job-1/events?last_event_id=${query}`);
      expect(reply.status).toBe(400);
      expect(reply.json()).toMatchObject({ error: { code: "invalid_cursor" } });
      expect(rig.calls).toEqual([]);
    });
  }

  it("goes by last_event_id alone in the query", async () => {
    await start((call) => finished(call, 3));
    for (const name of ["after_event_id", "include_job"]) {
      expect((await rig.send("GET", `/v1/optimize/job-1/events?${name}=1`)).status).toBe(400);
    }
  });
});

describe("errors", () => {
  it("before the first message are ordinary answers", async () => {
    await start(() => ({
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new AppError("not_found", "No such job.")),
      }),
    }));
    const reply = await rig.send("GET", "/v1/optimize/job-1/events");
    expect(reply.status).toBe(404);
    expect(reply.json()).toMatchObject({ error: { code: "not_found", message: "No such job." } });
    expect(rig.gauge("sse_clients")).toBe(0);
  });

  it("after it are the stream's last event, without an id", async () => {
    await start(async function* () {
      yield snapshot();
      yield eventMessage(1);
      throw new AppError("storage_unavailable", "The store can not be reached.", { retryAfterMs: 2000 });
    });
    const reply = await rig.send("GET", "/v1/optimize/job-1/events");
    const last = parse(reply.text).at(-1);
    expect([last?.event, last?.id]).toEqual(["stream_error", undefined]);
    expect(JSON.parse(last?.data ?? "")).toMatchObject({
      status: 503,
      error: { code: "storage_unavailable", details: { retry_after_s: 2, request_id: "request-1" } },
    });
    expect(rig.gauge("sse_clients")).toBe(0);
  });

  it("of ours are not shown", async () => {
    await start(async function* () {
      yield snapshot();
      throw new Error("secret");
    });
    const reply = await rig.send("GET", "/v1/optimize/job-1/events");
    expect(reply.text).toContain("internal_error");
    expect(reply.text).not.toContain("secret");
  });
});

describe("a live stream", () => {
  it("sends its head at once and a comment in every silence", async () => {
    await start(async function* ({ context }) {
      yield snapshot();
      await never(context.signal);
    });
    const received = reader();
    openSocket("/v1/optimize/job-1/events", received.take);
    await received.until("retry: 1500\n\n");
    expect(rig.gauge("sse_clients")).toBe(1);
    await rig.clock.advance(14_999);
    expect(received.text()).not.toContain(":\n\n");
    await rig.clock.advance(1);
    await received.until(":\n\n");
  });

  it("gives its source up when the reader goes away, once", async () => {
    let released: (reason: unknown) => void = () => undefined;
    const release = new Promise((resolve) => {
      released = resolve;
    });
    await start(async function* ({ context }) {
      try {
        yield snapshot();
        await never(context.signal);
      } catch (error) {
        released(error);
      }
    });
    const received = reader();
    const socket = openSocket("/v1/optimize/job-1/events", received.take);
    await received.until("retry:");
    socket.destroy();
    expect(await release).toMatchObject({ reason: "canceled" });
    await rig.clock.advance(0);
    expect(rig.gauge("sse_clients")).toBe(0);
    expect(rig.clock.sleepers()).toEqual([]);
  });

  it("gives a source up that is deaf to the signal", async () => {
    let returned: () => void = () => undefined;
    const isReturned = new Promise<void>((resolve) => {
      returned = resolve;
    });
    const messages = [snapshot()];
    await start(() => ({
      [Symbol.asyncIterator]: () => ({
        next: () => {
          const value = messages.shift();
          return value ? Promise.resolve({ done: false, value }) : new Promise(() => undefined);
        },
        return: () => {
          returned();
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    }));
    const received = reader();
    const socket = openSocket("/v1/optimize/job-1/events", received.take);
    await received.until("retry:");
    socket.destroy();
    await isReturned;
    expect(rig.gauge("sse_clients")).toBe(0);
  });

  it("tells its readers when the server stops, and ends", async () => {
    await start(async function* ({ context }) {
      yield snapshot();
      await never(context.signal);
    });
    const received = reader();
    openSocket("/v1/optimize/job-1/events", received.take);
    await received.until("retry:");
    rig.shutdown.abort();
    await received.until("0\r\n\r\n");
    expect(received.text()).toContain('"code":"draining"');
    expect(rig.gauge("sse_clients")).toBe(0);
  });
});

describe("a reader that does not read", () => {
  it("is cut off after its time, holds one event at most, and gets no comments", async () => {
    let produced = 0;
    await start(async function* () {
      yield snapshot();
      for (;;) {
        const message = eventMessage(++produced);
        if (message.event?.data.case === "progress")
          message.event.data.value.bestCandidateId = "x".repeat(100_000);
        yield message;
      }
    });
    const socket = openSocket("/v1/optimize/job-1/events", () => undefined);
    socket.pause();
    const closed = new Promise((resolve) => socket.on("close", resolve));
    await rig.clock.untilSleeping(2); // the pings, and the wait for room
    const stuck = produced;
    await rig.clock.advance(SSE_STALL_TIMEOUT_MS - 1);
    expect(produced).toBe(stuck);
    expect(rig.gauge("sse_clients")).toBe(1);
    await rig.clock.advance(1);
    expect(rig.gauge("sse_clients")).toBe(0);
    expect(rig.clock.sleepers()).toEqual([]);
    socket.resume();
    await closed;
  });

  it("is cut off over HTTP/2 too, and only its stream", async () => {
    await start(
      async function* () {
        yield snapshot();
        for (let id = 1; ; id++) yield eventMessage(id);
      },
      { isHttp2: true },
    );
    const session = connectHttp2(`http://127.0.0.1:${rig.port}`);
    const stream = session.request({ ":path": "/v1/optimize/job-1/events" });
    stream.on("error", () => undefined);
    const closed = new Promise<void>((resolve) => stream.on("close", resolve));
    await rig.clock.untilSleeping(2);
    await rig.clock.advance(SSE_STALL_TIMEOUT_MS);
    stream.resume();
    await closed;
    expect(rig.gauge("sse_clients")).toBe(0);
    expect(session.destroyed).toBe(false);
    session.destroy();
  });

  it("goes on where it was once it reads again", async () => {
    await start(async function* () {
      yield snapshot();
      for (let id = 1; id <= 100; id++) {
        const message = eventMessage(id, 100);
        if (message.event?.data.case === "progress")
          message.event.data.value.bestCandidateId = "x".repeat(100_000);
        yield message;
      }
    });
    let text = "";
    const socket = openSocket("/v1/optimize/job-1/events", (piece) => {
      text += piece;
    });
    socket.pause();
    await rig.clock.untilSleeping(2);
    socket.resume();
    const ids = () => [...text.matchAll(/^id: ([0-9]+)$/gm)].map(([, id]) => Number(id));
    while (ids().at(-1) !== 100) await new Promise<void>((resolve) => setImmediate(resolve));
    expect(ids()).toEqual(Array.from({ length: 100 }, (_, i) => i + 1));
  });
});

it("a browser's reader sees every event over broken connections, and stops at 204", async () => {
  const LAST = 6;
  await start(
    async function* (call) {
      const after = Number((call.input as WatchJobRequest).afterEventId ?? 0n);
      yield snapshot({ lastEventId: LAST, hasEnded: true });
      for (let id = after + 1; id <= Math.min(after + 2, LAST); id++) yield eventMessage(id, LAST);
    },
    { sseRetryMs: 1 },
  );
  const ids: string[] = [];
  const source = new EventSource(`http://127.0.0.1:${rig.port}/v1/optimize/job-1/events`);
  const stopped = new Promise<void>((resolve) => {
    source.onerror = () => source.readyState === EventSource.CLOSED && resolve();
  });
  for (const type of ["progress", "finished"]) source.addEventListener(type, (e) => ids.push(e.lastEventId));
  await stopped;
  expect(ids).toEqual(["1", "2", "3", "4", "5", "6"]);
  expect(rig.calls.map((c) => (c.input as WatchJobRequest).afterEventId)).toEqual([undefined, 2n, 4n, 6n]);
});
