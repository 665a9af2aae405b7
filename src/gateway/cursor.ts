import { AppError } from "../base/errors.ts";

/** Up to 15 digits, so that a number of JSON holds every cursor exactly. No job has that many events. */
const CURSOR = /^[0-9]{1,15}$/;

/**
 * The id of the last event a watcher has seen: the `Last-Event-ID` header, else the query parameter; undefined for
 * neither. The header wins, since a browser that reconnects sends the old URL with a new header. Throws
 * `invalid_cursor` where it is no number.
 */
export function readCursor(
  headers: Headers,
  query: string | undefined,
  queryName: string,
): bigint | undefined {
  const fromHeader = headers.get("last-event-id");
  const [text, name] = fromHeader ? [fromHeader, "Last-Event-ID"] : [query, queryName];
  if (text === undefined) return undefined;
  if (CURSOR.test(text)) return BigInt(text);
  throw new AppError("invalid_cursor", `${name} must be the id of an event, a whole number such as 5.`, {
    violations: [
      { field: name, description: "expected the id of the last event seen, or 0 for all of them." },
    ],
  });
}
