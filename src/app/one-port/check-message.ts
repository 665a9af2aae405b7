import { type DescMethod, fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { ConnectError } from "@connectrpc/connect";
import type { UniversalServerRequest } from "@connectrpc/connect/protocol";
import { AppError } from "../../base/errors.ts";
import { connectErrorOf } from "../../rpc/errors.ts";
import { ENVELOPE_BYTES, isEnveloped } from "./envelope.ts";

/** Set in the first byte of an envelope whose message is compressed. */
const COMPRESSED = 0b1;

/** How JSON is read: a name that the contract does not have is a mistake, not something to be dropped in silence. */
export const JSON_OPTIONS = { ignoreUnknownFields: false } as const;

/**
 * The request with a body that fails with `validation_error` where it is not the message of its method. Connect would
 * refuse it as well, but without a reason, and a broken protobuf as if the fault were ours; so the message is read once
 * more, here. Bodies that are compressed, and streams of messages, are left to it.
 */
export function checkMessage(request: UniversalServerRequest, method: DescMethod): UniversalServerRequest {
  const { body, header } = request;
  if (method.methodKind === "bidi_streaming" || method.methodKind === "client_streaming") return request;
  if (typeof body !== "object" || body === null || !(Symbol.asyncIterator in body)) return request;
  if (request.method !== "POST" || (header.get("content-encoding") ?? "identity") !== "identity")
    return request;
  const type = header.get("content-type") ?? "";
  return { ...request, body: checked(body as AsyncIterable<Uint8Array>, type) };

  async function* checked(chunks: AsyncIterable<Uint8Array>, contentType: string) {
    const held: Uint8Array[] = []; // bounded by the limit on bodies
    for await (const chunk of chunks) held.push(chunk);
    const whole = Buffer.concat(held);
    const message = messageIn(whole, contentType);
    if (message !== undefined) check(method, message, /\bjson\b/.test(contentType));
    yield new Uint8Array(whole);
  }
}

/**
 * The same for a Connect GET, whose message stands in the query: the refusal, or undefined. Connect takes base64 that is
 * broken for a fault of ours. What is compressed, or of an encoding that there is not, is left to it.
 */
export function checkQuery(request: UniversalServerRequest, method: DescMethod): ConnectError | undefined {
  if (request.method !== "GET" || method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS) {
    return undefined;
  }
  const query = new URL(request.url).searchParams;
  const encoding = query.get("encoding");
  if (encoding !== "json" && encoding !== "proto") return undefined;
  const message = query.get("message") ?? "";
  try {
    const bytes = query.get("base64") === "1" ? fromBase64(message) : Buffer.from(message);
    if ((query.get("compression") ?? "identity") === "identity") check(method, bytes, encoding === "json");
    return undefined;
  } catch (error) {
    return ConnectError.from(error);
  }
}

function fromBase64(message: string): Buffer {
  try {
    return Buffer.from(base64Decode(message));
  } catch (error) {
    throw noMessage("The parameter message is no base64, which base64=1 promises.", error);
  }
}

/** The bytes of the one message; undefined where they are compressed, or where Connect has to say what is wrong. */
function messageIn(whole: Buffer, contentType: string): Buffer | undefined {
  if (!isEnveloped(contentType)) return whole;
  if (whole.length < ENVELOPE_BYTES || ((whole[0] ?? 0) & COMPRESSED) !== 0) return undefined;
  const end = ENVELOPE_BYTES + whole.readUInt32BE(1);
  return whole.length === end ? whole.subarray(ENVELOPE_BYTES) : undefined;
}

function check(method: DescMethod, bytes: Buffer, isJson: boolean): void {
  try {
    if (isJson) fromJsonString(method.input, bytes.toString("utf8"), JSON_OPTIONS);
    else fromBinary(method.input, bytes);
  } catch (error) {
    const why = error instanceof Error ? error.message : "it can not be read";
    const description = `The message is no ${method.input.typeName}: ${why}.`;
    throw noMessage(description, error);
  }
}

function noMessage(description: string, cause: unknown): ConnectError {
  const violations = [{ field: "", description }];
  return connectErrorOf(new AppError("validation_error", description, { violations, cause }));
}
