import { create, type DescField, type Message } from "@bufbuild/protobuf";
import { AppError } from "../base/errors.ts";
import { hasBody, readJsonBody, refuseBody } from "./body.ts";
import { readCursor } from "./cursor.ts";
import { countHeader, type HttpRequest } from "./http.ts";
import { assign, type Findings, noFindings, readMessage, refuseFaults, ROOT } from "./json/read.ts";
import { applyQuery, contradicts, type QueryValues, readQuery } from "./query.ts";
import type { Route } from "./routes.ts";

/** The request message, and what is needed to speak to the caller about it. */
export interface BoundRequest {
  readonly message: Message;
  /** The id of the last event seen, for a stream. */
  readonly cursor: bigint | undefined;
  /** The names the caller used where they are not the contract's. */
  readonly names: Findings["aliases"];
}

/** Longest header value that fills a field; the contract allows 255 characters for an idempotency key. */
const MAX_HEADER_VALUE = 255;

/**
 * Makes the request message out of query, body, path and headers; where two of them fill one field they must agree. Rejects with an `AppError` that
 * names what is wrong.
 */
export async function bindRequest(
  route: Route,
  params: ReadonlyMap<string, string>,
  request: HttpRequest,
  headers: Headers,
  bodyLimit: number,
  signal: AbortSignal,
): Promise<BoundRequest> {
  const findings = noFindings();
  const query = readQuery(route, (request.url ?? "").split("?").slice(1).join("?"));
  const message = await readBody(route, request, bodyLimit, signal, findings);
  for (const [name, field] of route.pathFields) {
    const value = decodeSegment(params.get(name) ?? "", name);
    refuseDifferent(message, field, value, "the path");
    assign(message, field, value);
  }
  applyQuery(query, message, findings);
  applyHeaders(route, request, headers, query, message, findings);
  refuseFaults(findings);
  const cursor = applyCursor(route, headers, query, message);
  return { message, cursor, names: findings.aliases };
}

async function readBody(
  route: Route,
  request: HttpRequest,
  limit: number,
  signal: AbortSignal,
  findings: Findings,
): Promise<Message> {
  const { method, body } = route;
  if (body.kind === "none") {
    if (hasBody(request)) await refuseBody(request, limit, signal);
    return create(method.input);
  }
  if (body.kind === "message" && !hasBody(request)) return create(method.input);
  const json = await readJsonBody(request, limit, signal);
  if (body.kind === "message") return readMessage(method.input, json, ROOT, findings);
  const message = create(method.input);
  assign(message, body.field, readMessage(body.field.message, json, ROOT, findings));
  return message;
}

function applyHeaders(
  route: Route,
  request: HttpRequest,
  headers: Headers,
  query: QueryValues,
  message: Message,
  findings: Findings,
): void {
  for (const { name, field } of route.headers) {
    const raw = headers.get(name);
    if (raw === null) continue;
    const shown = displayName(name);
    if (countHeader(request, name) > 1) throw badHeader(shown, "is given twice; give it once");
    // An entity tag keeps its quotes: with them it is what the etag field holds (AIP-154).
    const value = name === "if-match" ? raw.trim() : unquote(raw.trim());
    if (!/^[\x21-\x7e]+$/.test(value) || value.length > MAX_HEADER_VALUE) {
      throw badHeader(shown, `must have 1 to ${MAX_HEADER_VALUE} visible ASCII characters without spaces`);
    }
    if (contradicts(query, field, value))
      throw badHeader(shown, `differs from the query parameter ${field.name}`);
    refuseDifferent(message, field, value, `the header ${shown}`);
    findings.aliases.set(field.name, shown);
    assign(message, field, value);
  }
}

/** A field that the body has set already must be given the same there and elsewhere. */
function refuseDifferent(message: Message, field: DescField, value: string, where: string): void {
  const given = (message as unknown as Record<string, unknown>)[field.localName];
  if (given === undefined || given === "" || given === value) return;
  const description = `${field.name} in the body differs from ${where}; give it once.`;
  throw new AppError("bad_request", description, { violations: [{ field: field.name, description }] });
}

function applyCursor(
  route: Route,
  headers: Headers,
  query: QueryValues,
  message: Message,
): bigint | undefined {
  if (route.answer.kind !== "events") return undefined;
  const { stream } = route.answer;
  const cursor = readCursor(headers, query.cursor, stream.cursorQuery);
  assign(message, stream.snapshot, true);
  if (cursor !== undefined) assign(message, stream.cursor, cursor);
  return cursor;
}

/** A structured-field string (RFC 9651, section 3.3.3) without its quotes; other text as it is. */
function unquote(text: string): string {
  return /^"(?:[^"\\]|\\["\\])*"$/.test(text) ? text.slice(1, -1).replaceAll(/\\(["\\])/g, "$1") : text;
}

function decodeSegment(raw: string, name: string): string {
  let text: string;
  try {
    text = decodeURIComponent(raw);
  } catch {
    throw new AppError("bad_request", `${name} in the path is not percent-encoded UTF-8.`);
  }
  if (/\p{Cc}/u.test(text))
    throw new AppError("bad_request", `${name} in the path holds a control character.`);
  return text;
}

function badHeader(name: string, problem: string): AppError {
  const description = `The header ${name} ${problem}.`;
  return new AppError("bad_request", description, { violations: [{ field: name, description }] });
}

/** "idempotency-key" as people write it: "Idempotency-Key". */
export function displayName(name: string): string {
  return name.replaceAll(/(^|-)[a-z]/g, (start) => start.toUpperCase());
}
