import { clone, type Message, toJson } from "@bufbuild/protobuf";
import type { GenMessage } from "@bufbuild/protobuf/codegenv2";
import { AppError } from "../base/errors.ts";
import { digest } from "../base/digest.ts";
import {
  type CreateJobRequest,
  CreateJobRequestSchema,
  type ForkJobRequest,
  ForkJobRequestSchema,
} from "../../gen/ts/gepa/v1/optimization_service_pb.ts";

/** Header (or gRPC metadata) that stands in for an empty `request_id`. */
export const IDEMPOTENCY_KEY_HEADER = "idempotency-key";

/** 1 to 255 visible ASCII characters. */
const KEY = /^[\x21-\x7e]{1,255}$/;

/** A string of RFC 9651, section 3.3.3, whose escapes are `\"` and `\\`. */
const STRUCTURED_STRING = /^"((?:[^"\\]|\\["\\])*)"$/;

/**
 * The caller's key: the request field, else the header; undefined for none. It is taken bare or as a Structured-Field
 * string (draft-ietf-httpapi-idempotency-key-header), and both forms are one key. A malformed one is `bad_request`.
 */
export function idempotencyKey(requestId: string, header: Headers): string | undefined {
  const sent = requestId === "" ? header.get(IDEMPOTENCY_KEY_HEADER) : requestId;
  if (sent === null) return undefined;
  const value = sent.trim();
  const key = STRUCTURED_STRING.exec(value)?.[1]?.replace(/\\(.)/g, "$1") ?? value;
  if (!KEY.test(key)) {
    throw new AppError(
      "bad_request",
      "The idempotency key must be one value of 1 to 255 visible ASCII characters; send one key, or none.",
      { metadata: { field: "request_id", header: IDEMPOTENCY_KEY_HEADER } },
    );
  }
  return key;
}

/** SHA-256 of the request as it was sent, its key aside: equal requests have equal fingerprints in every protocol. */
export function fingerprint(request: CreateJobRequest | ForkJobRequest): string {
  return request.$typeName === CreateJobRequestSchema.typeName
    ? digestOf(CreateJobRequestSchema, request as CreateJobRequest)
    : digestOf(ForkJobRequestSchema, request as ForkJobRequest);
}

function digestOf<M extends Message & { requestId: string }>(schema: GenMessage<M>, request: M): string {
  const keyless = clone(schema, request);
  keyless.requestId = "";
  return digest(toJson(schema, keyless));
}
