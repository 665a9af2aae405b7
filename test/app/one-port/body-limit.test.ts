import { createAsyncIterable, type UniversalServerRequest } from "@connectrpc/connect/protocol";
import { describe, expect, it } from "vitest";
import { OptimizationService } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { ServerReflection } from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { limitBody } from "../../../src/app/one-port/body-limit.ts";
import { appErrorOf } from "../../../src/rpc/errors.ts";

const UNARY = OptimizationService.method.createJob;
const LIMIT = 10;

interface Body {
  readonly chunks: readonly Uint8Array[];
  readonly type?: string;
  readonly declared?: number;
}

/** Bytes that get through, or the reason why they do not, and how many chunks were read for that. */
async function through({ chunks, type = "application/json", declared }: Body, method: typeof UNARY = UNARY) {
  let read = 0;
  async function* body() {
    for (const chunk of chunks) {
      read++;
      yield chunk;
    }
  }
  const header = new Headers({ "content-type": type });
  if (declared !== undefined) header.set("content-length", String(declared));
  const request = {
    httpVersion: "1.1",
    method: "POST",
    url: "http://a/",
    header,
    body: body(),
    signal: new AbortController().signal,
  } as unknown as UniversalServerRequest;
  try {
    const limited = limitBody(request, method, LIMIT).body as AsyncIterable<Uint8Array>;
    let bytes = 0;
    for await (const chunk of limited) bytes += chunk.byteLength;
    return { bytes, read };
  } catch (error) {
    return { reason: appErrorOf(error).reason, read };
  }
}

const bytes = (n: number) => new Uint8Array(n);

/** An envelope that promises `promised` bytes and holds `held`. */
function envelope(promised: number, held: number): Uint8Array {
  const buffer = Buffer.alloc(5 + held);
  buffer.writeUInt32BE(promised, 1);
  return buffer;
}

const refused = (read: number) => ({ reason: "payload_too_large", read });

describe("limitBody", () => {
  const cases: readonly (readonly [what: string, body: Body, outcome: object])[] = [
    [
      "lets a body of just the limit through",
      { chunks: [bytes(4), bytes(6)], declared: 10 },
      { bytes: 10, read: 2 },
    ],
    ["stops one byte more", { chunks: [bytes(4), bytes(7), bytes(1)] }, refused(2)],
    ["reads nothing of a body that declares more", { chunks: [bytes(4)], declared: 11 }, refused(0)],
    [
      "lets an envelope with a message of just the limit through",
      { chunks: [envelope(10, 10)], type: "application/grpc", declared: 15 },
      { bytes: 15, read: 1 },
    ],
    [
      "stops at an envelope that promises more",
      { chunks: [envelope(11, 0), bytes(11)], type: "application/grpc+proto" },
      refused(1),
    ],
    [
      "reads an envelope that comes byte by byte",
      { chunks: [...envelope(11, 0)].map((byte) => Uint8Array.of(byte)), type: "application/connect+json" },
      refused(5),
    ],
    [
      "stops what comes after the envelope, too",
      { chunks: [envelope(10, 10), bytes(1)], type: "application/grpc-web" },
      refused(2),
    ],
  ];
  for (const [what, body, outcome] of cases) {
    it(what, async () => {
      expect(await through(body)).toEqual(outcome);
    });
  }

  it("leaves a stream of messages alone: it has no total", () => {
    const request = {
      header: new Headers(),
      body: createAsyncIterable([bytes(99)]),
    } as unknown as UniversalServerRequest;
    expect(limitBody(request, ServerReflection.method.serverReflectionInfo, LIMIT)).toBe(request);
  });
});
