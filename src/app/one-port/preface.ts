/** What every HTTP/2 client sends first (RFC 9113, section 3.4). */
export const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/**
 * The protocol that a connection speaks, by its first bytes; undefined while they could still be either. `POST`, `PUT`
 * and `PATCH` begin like the preface, so the first byte alone does not tell.
 */
export function protocolOf(bytes: Buffer): "h1" | "h2" | undefined {
  const common = Math.min(bytes.length, PREFACE.length);
  if (!bytes.subarray(0, common).equals(PREFACE.subarray(0, common))) return "h1";
  return common === PREFACE.length ? "h2" : undefined;
}
