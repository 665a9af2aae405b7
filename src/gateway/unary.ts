import type { Message } from "@bufbuild/protobuf";
import { matchesNoneOf } from "./entity-tag.ts";
import type { Exchange } from "./exchange.ts";
import { sendBody, writeHead } from "./http.ts";
import { printField, restJson, fieldValue } from "./json/print.ts";
import { readPath, resolvePath } from "./message-path.ts";
import { expandTemplate } from "./path-template.ts";
import type { Answer, Route } from "./routes.ts";

type UnaryAnswer = Extract<Answer, { kind: "unary" }>;

/** Answers with one message: as JSON or as text, with Location and ETag where the contract says so, 304 if unchanged. */
export function answerUnary(
  exchange: Exchange,
  route: Route,
  answer: UnaryAnswer,
  message: Message,
  handlerHeader: Headers,
): void {
  const { request, response, headers } = exchange;
  const tag = tagOf(answer, message);
  const extra = {
    "x-request-id": handlerHeader.get("x-request-id") ?? exchange.requestId,
    // The answer is the caller's alone, and may be kept only to ask whether it still holds.
    ...(tag !== undefined && { etag: tag, "cache-control": "private, no-cache" }),
    ...(answer.location !== undefined && { location: locationOf(answer.location, route, message) }),
  };
  if (tag !== undefined && route.httpMethod === "GET" && matchesNoneOf(headers.get("if-none-match"), tag)) {
    writeHead(response, 304, handlerHeader, extra);
    response.end();
    return;
  }
  const [mediaType, body] = bodyOf(route, answer, message);
  sendBody(request, response, answer.status, handlerHeader, { ...extra, "content-type": mediaType }, body);
}

function bodyOf(route: Route, answer: UnaryAnswer, message: Message): [mediaType: string, body: string] {
  if (answer.text !== undefined)
    return [answer.text.mediaType, String(fieldValue(message, answer.text.field))];
  const whole = answer.field === undefined;
  const value = whole ? message : fieldValue(message, answer.field);
  const json =
    value === undefined
      ? {}
      : whole
        ? restJson(route.method.output, message)
        : printField(answer.field, value);
  return ["application/json", `${JSON.stringify(json)}\n`];
}

/** The entity tag: an etag field holds it as it stands in the header, quotes included (AIP-154). */
function tagOf(answer: UnaryAnswer, message: Message): string | undefined {
  const value = answer.etag === undefined ? undefined : readPath(message, answer.etag);
  return typeof value === "string" && value !== "" ? value : undefined;
}

function locationOf(template: string, route: Route, message: Message): string {
  return expandTemplate(template, (path) =>
    String(readPath(message, resolvePath(route.method.output, path)) ?? ""),
  );
}
