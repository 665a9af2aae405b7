/**
 * Bytes of one answer; the longest outputs any model gives are a fraction of it. An endpoint that sends more is
 * broken or hostile, and is cut off rather than held in memory.
 */
export const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** An answer that began and did not come in whole. */
export class BrokenBodyError extends Error {
  override readonly name = "BrokenBodyError";
}

/**
 * `fetch` that reads the whole answer, up to {@link MAX_ANSWER_BYTES}, before it returns, so that a body that breaks
 * off or never ends is told from a connection that failed. It is labelled as JSON whatever the endpoint calls it.
 */
export async function boundedFetch(url: string | URL | Request, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  const body = await readBody(response);
  const headers = new Headers(response.headers);
  headers.delete("content-encoding"); // decoded by now
  headers.delete("content-length");
  headers.set("content-type", "application/json");
  return new Response(body, { status: response.status, statusText: response.statusText, headers });
}

async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > MAX_ANSWER_BYTES) break; // leaving the loop cancels the rest
      chunks.push(chunk);
    }
  } catch (cause) {
    throw new BrokenBodyError("The answer broke off.", { cause });
  }
  if (size > MAX_ANSWER_BYTES) throw new BrokenBodyError("The answer is too long.");
  return new Uint8Array(Buffer.concat(chunks));
}
