import { randomBytes, randomUUID } from "node:crypto";

/** Identifiers come in by parameter, so that tests can number them. */
export interface Ids {
  /** A new job id: sortable by creation to the millisecond, not guessable, safe in paths. */
  job(nowMs: number): string;
  /** A new request id. */
  request(): string;
}

/** Short, and harmless in a log line or a header. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Whether a caller's own id for its request can be taken over. */
export function isRequestId(text: string): boolean {
  return REQUEST_ID.test(text);
}

/** Random identifiers; a job id is UUID version 7 (RFC 9562, section 5.7). */
export const randomIds: Ids = {
  job(nowMs) {
    const bytes = randomBytes(16);
    bytes.writeUIntBE(nowMs, 0, 6);
    bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
    bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
    const hex = bytes.toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  },
  request: () => randomUUID(),
};
