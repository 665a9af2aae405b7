import { connect } from "node:http2";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import { create } from "@bufbuild/protobuf";
import { CancelJobResponseSchema } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { createAnswer, type Rig, SPEC, type SendOptions, startRig } from "./rig.ts";

let rig: Rig;
afterEach(() => rig.close());

const LIMIT = 2000;
const post = async (options: SendOptions) => {
  rig = await startRig(
    { CreateJob: async () => createAnswer(), CancelJob: async () => create(CancelJobResponseSchema) },
    { maxRequestBytes: LIMIT },
  );
  return rig.send("POST", "/v1/optimize", options);
};
const json = { "content-type": "application/json" };
const body = JSON.stringify(SPEC);

describe("media types", () => {
  for (const type of ["application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"]) {
    it(`take ${type}`, async () => {
      expect((await post({ headers: { "content-type": type }, body })).status).toBe(201);
    });
  }

  const refused: [headers: Record<string, string>, words: string][] = [
    [{}, "no Content-Type"],
    [{ "content-type": "application/x-www-form-urlencoded" }, "curl -d"],
    [{ "content-type": "text/plain" }, "text/plain"],
    [{ "content-type": "application/jsonp" }, "application/jsonp"],
    [{ ...json, "content-encoding": "gzip" }, "uncompressed"],
  ];
  for (const [headers, words] of refused) {
    it(`refuse ${JSON.stringify(headers)} with the remedy`, async () => {
      const reply = await post({ headers, body: "content-encoding" in headers ? gzipSync(body) : body });
      expect(reply.status).toBe(415);
      expect(reply.json()).toMatchObject({ error: { code: "unsupported_media_type" } });
      expect(reply.text).toContain(words);
      expect(reply.headers.accept).toBe("application/json");
    });
  }
});

describe("sizes", () => {
  const sized = (bytes: number) => {
    const empty = JSON.stringify({ ...SPEC, name: "" });
    return JSON.stringify({ ...SPEC, name: "n".repeat(bytes - empty.length) });
  };
  const cases: [bytes: number, status: number][] = [
    [LIMIT, 201],
    [LIMIT + 1, 413],
    [LIMIT * 4, 413],
    [LIMIT * 50, 413],
  ];
  for (const isChunked of [false, true]) {
    for (const [bytes, status] of cases) {
      it(`${bytes} of ${LIMIT} bytes, ${isChunked ? "in pieces" : "announced"}, are answered with ${status}`, async () => {
        const reply = await post({ headers: json, body: sized(bytes), isChunked });
        expect(reply.status).toBe(status);
        expect(rig.calls).toHaveLength(status === 201 ? 1 : 0);
      });
    }
  }

  it("refused as too large name the limit", async () => {
    const reply = await post({ headers: json, body: sized(LIMIT + 1) });
    expect(reply.json()).toMatchObject({
      error: { code: "payload_too_large", details: { metadata: { limit_bytes: String(LIMIT) } } },
    });
  });
});

it("a body without end is answered and given up, over HTTP/2", async () => {
  rig = await startRig({}, { maxRequestBytes: LIMIT, isHttp2: true });
  const session = connect(`http://127.0.0.1:${rig.port}`);
  const headers = { ":method": "POST", ":path": "/v1/optimize", "content-type": "application/json" };
  const stream = session.request(headers, { endStream: false });
  stream.on("error", () => undefined);
  const status = new Promise((resolve) => stream.on("response", (received) => resolve(received[":status"])));
  const closed = new Promise<void>((resolve) => stream.on("close", resolve));
  stream.resume();
  stream.write(Buffer.alloc(LIMIT * 10));
  expect(await status).toBe(413);
  await closed;
  session.destroy();
});

describe("what is no JSON", () => {
  const cases: [name: string, body: string | Buffer, words: string][] = [
    ["an empty body", "", "no Content-Type"],
    ["white space", " ", "line 1, column 2"],
    ["a missing brace", '{"prompt": "x"', "line 1, column 15"],
    ["a trailing comma", '{\n  "prompt": "x",\n}', "line 3, column 1"],
    ["bytes that are no UTF-8", Buffer.from([0x22, 0xff, 0x22]), "UTF-8"],
    ["a list", "[]", "expected an object"],
  ];
  for (const [name, sent, words] of cases) {
    it(`${name} is refused with the place`, async () => {
      const isEmpty = sent === "";
      const reply = await post(isEmpty ? {} : { headers: json, body: sent });
      expect(reply.status).toBe(isEmpty ? 415 : 422);
      expect(reply.text).toContain(words);
    });
  }

  it("is an empty body with a media type too", async () => {
    const reply = await post({ headers: json, body: "" });
    expect(reply.status).toBe(422);
    expect(reply.text).toContain("empty");
  });
});

describe("a method without a body", () => {
  const cases: [body: string, status: number][] = [
    ["", 200],
    ["{}", 200],
    [" { } ", 200],
    ['{"reason":"x"}', 400],
  ];
  for (const [sent, status] of cases) {
    it(`answers ${JSON.stringify(sent)} with ${status}`, async () => {
      await post({ headers: json, body });
      const reply = await rig.send("DELETE", "/v1/optimize/j", { headers: json, body: sent });
      expect(reply.status).toBe(status);
    });
  }
});
