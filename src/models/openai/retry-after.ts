/**
 * Milliseconds a response asks to wait: `retry-after-ms` as OpenAI sends it, else `Retry-After` in seconds or as a
 * date (RFC 9110, section 10.2.3). Undefined where it asks for nothing or makes no sense.
 */
export function retryAfterMs(headers: Headers | undefined, now: number): number | undefined {
  const millis = numberOf(headers?.get("retry-after-ms"));
  if (millis !== undefined) return millis;
  const value = headers?.get("retry-after")?.trim();
  if (value === undefined || value === "") return undefined;
  const seconds = numberOf(value);
  if (seconds !== undefined) return seconds * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

function numberOf(text: string | null | undefined): number | undefined {
  return text && /^\d+(?:\.\d+)?$/.test(text.trim()) ? Number(text) : undefined;
}
