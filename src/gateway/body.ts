import { AppError } from "../base/errors.ts";
import { JsonError, type Json, parseJson } from "./json/parse.ts";
import type { HttpRequest } from "./http.ts";

/**
 * How much more than the limit is read and thrown away before the connection is given up: a client that is still
 * sending when it is answered and cut off reports a broken connection instead of the answer.
 */
const DISCARD_FACTOR = 4;

/** Whether the request says that it has a body. */
export function hasBody(request: HttpRequest): boolean {
  const length = request.headers["content-length"];
  if (length !== undefined) return length !== "0";
  // HTTP/2 has no transfer-encoding: there a request without a length has a body unless its stream ended at once.
  if (request.httpVersionMajor >= 2) return "stream" in request && !request.stream.endAfterHeaders;
  return request.headers["transfer-encoding"] !== undefined;
}

/**
 * Reads the body as JSON. Rejects with `unsupported_media_type`, with `payload_too_large` beyond `limit` bytes (by
 * its announced length, or as soon as it is seen to be longer), or with a `validation_error` that names line and
 * column; with the signal's reason once that aborts.
 */
export async function readJsonBody(request: HttpRequest, limit: number, signal: AbortSignal): Promise<Json> {
  refuseMediaType(request);
  const bytes = await readBytes(request, limit, signal);
  if (bytes.length === 0) {
    throw malformed("The body is empty; send a JSON object.");
  }
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw malformed("The body is not UTF-8; send JSON encoded as UTF-8.");
  }
  try {
    return parseJson(text);
  } catch (error) {
    if (error instanceof JsonError) throw malformed(`The body is not valid JSON: ${error.message}.`);
    throw error;
  }
}

/** Reads the body of a route that takes none. Rejects with `bad_request` if it holds more than an empty object. */
export async function refuseBody(request: HttpRequest, limit: number, signal: AbortSignal): Promise<void> {
  const bytes = await readBytes(request, limit, signal);
  const text = bytes.toString("utf8").trim();
  if (text !== "" && !/^\{\s*\}$/.test(text)) {
    throw new AppError(
      "bad_request",
      "This method takes no body; give its parameters in the path and the query.",
    );
  }
}

function refuseMediaType(request: HttpRequest): void {
  const encoding = request.headers["content-encoding"];
  if (encoding !== undefined && encoding.toLowerCase() !== "identity") {
    throw new AppError(
      "unsupported_media_type",
      `The content encoding ${encoding.slice(0, 50)} is not read; send the body uncompressed.`,
    );
  }
  const given = request.headers["content-type"];
  const type = given?.split(";", 1)[0]?.trim().toLowerCase();
  if (type === "application/json" || (type?.startsWith("application/") && type.endsWith("+json"))) return;
  const problem =
    type === undefined
      ? "The request has a body but no Content-Type"
      : type === "application/x-www-form-urlencoded"
        ? "The body is announced as a form, which is what curl -d does by itself"
        : `The media type ${type.slice(0, 100)} is not read here`;
  throw new AppError(
    "unsupported_media_type",
    `${problem}; send JSON with the header Content-Type: application/json.`,
  );
}

function readBytes(request: HttpRequest, limit: number, signal: AbortSignal): Promise<Buffer> {
  const tooLarge = () =>
    new AppError(
      "payload_too_large",
      `The body is larger than ${limit} bytes; send fewer or shorter examples.`,
      {
        metadata: { limit_bytes: String(limit) },
      },
    );
  const announced = Number(request.headers["content-length"] ?? 0);
  if (announced > limit * (1 + DISCARD_FACTOR)) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    let chunks: Buffer[] = [];
    let size = 0;
    const settle = (finish: () => void) => {
      request.off("data", onData).off("end", onEnd).off("error", onError);
      signal.removeEventListener("abort", onAbort);
      finish();
    };
    const onData = (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else chunks = [];
      if (size > limit * (1 + DISCARD_FACTOR)) settle(() => reject(tooLarge()));
    };
    const onEnd = () => settle(() => (size > limit ? reject(tooLarge()) : resolve(Buffer.concat(chunks))));
    const onError = (cause: Error) =>
      settle(() => reject(new AppError("canceled", "The body did not arrive in full.", { cause })));
    const onAbort = () => settle(() => reject(signal.reason));
    if (signal.aborted) return reject(signal.reason);
    signal.addEventListener("abort", onAbort, { once: true });
    request.on("data", onData).on("end", onEnd).on("error", onError);
  });
}

function malformed(message: string): AppError {
  return new AppError("validation_error", message, { violations: [{ field: "", description: message }] });
}
