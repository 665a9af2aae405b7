import type { DescMethod } from "@bufbuild/protobuf";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { AppError } from "../../base/errors.ts";
import { connectErrorOf } from "../../rpc/errors.ts";
import { ENVELOPE_BYTES, isEnveloped } from "./envelope.ts";

/**
 * The request with a body that fails with `payload_too_large` as soon as it is known to hold more than `maxBytes`: by
 * the length it declares, by its envelope, or by what arrives. Connect's own limit would do, were its error one of ours.
 */
export function limitBody(
  request: UniversalServerRequest,
  method: DescMethod,
  maxBytes: number,
): UniversalServerRequest {
  const { body, header } = request;
  // Streams of messages have no total; each of their messages is held to Connect's limit.
  if (method.methodKind === "bidi_streaming" || method.methodKind === "client_streaming") return request;
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return request;
  const enveloped = isEnveloped(header.get("content-type") ?? "");
  const cap = maxBytes + (enveloped ? ENVELOPE_BYTES : 0);
  const declared = Number(header.get("content-length") ?? 0);
  if (declared > cap) header.delete("content-length"); // Connect would refuse it first, in its own words
  return { ...request, body: limited() };

  async function* limited() {
    if (declared > cap) throw tooLarge(maxBytes);
    let seen = 0;
    let head = Buffer.alloc(0);
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      seen += chunk.byteLength;
      if (head.length < ENVELOPE_BYTES)
        head = Buffer.concat([head, chunk.subarray(0, ENVELOPE_BYTES - head.length)]);
      const promised = enveloped && head.length === ENVELOPE_BYTES ? head.readUInt32BE(1) : 0;
      if (seen > cap || promised > maxBytes) throw tooLarge(maxBytes);
      yield chunk;
    }
  }
}

function tooLarge(maxBytes: number) {
  return connectErrorOf(
    new AppError(
      "payload_too_large",
      `The message is larger than ${maxBytes} bytes, the most this server takes.`,
      {
        metadata: { max_bytes: String(maxBytes) },
      },
    ),
  );
}
