import { createHash } from "node:crypto";
import { AppError } from "../base/errors.ts";
import { DOCS_STYLE, renderDocs } from "./docs-page.ts";
import { matchesNoneOf } from "./entity-tag.ts";
import { sendError } from "./errors.ts";
import { answerOptions, type Exchange } from "./exchange.ts";
import { sendBody, writeHead } from "./http.ts";
import type { OpenApiDocument } from "./openapi/document.ts";

/** Something that is the same for everyone until the server is started anew. */
export interface Page {
  readonly mediaType: string;
  readonly body: string;
  readonly tag: string;
  readonly contentSecurityPolicy: string;
}

const NOTHING = "default-src 'none'; frame-ancestors 'none'";

/** The fixed pages by path: the contract, the page that explains it, and the way there. */
export function renderPages(openApi: string): ReadonlyMap<string, Page> {
  const document = JSON.parse(openApi) as OpenApiDocument;
  const hint = {
    service: document.info.title,
    version: document.info.version,
    docs: "/docs",
    openapi: "/openapi.json",
  };
  const docsPolicy = `default-src 'none'; style-src 'sha256-${sha256Base64(DOCS_STYLE)}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
  return new Map([
    ["/", page("application/json", `${JSON.stringify(hint)}\n`, NOTHING)],
    ["/openapi.json", page("application/json", openApi, NOTHING)],
    ["/docs", page("text/html; charset=utf-8", renderDocs(document), docsPolicy)],
  ]);
}

/** Answers with a page: GET and HEAD, 304 where the caller has it already. */
export function sendPage(exchange: Exchange, page: Page): void {
  const { request, response, headers, requestId } = exchange;
  const allow = "GET, HEAD";
  if (request.method === "OPTIONS") {
    answerOptions(exchange, allow);
    return;
  }
  if (request.method !== "GET" && request.method !== "HEAD") {
    const error = new AppError("method_not_allowed", "This page can only be read, with GET.", {
      metadata: { allow },
    });
    sendError(request, response, error, requestId);
    return;
  }
  const extra = {
    "x-request-id": requestId,
    "cache-control": "no-cache",
    "content-security-policy": page.contentSecurityPolicy,
    etag: page.tag,
  };
  if (matchesNoneOf(headers.get("if-none-match"), page.tag)) {
    writeHead(response, 304, new Headers(), extra);
    response.end();
    return;
  }
  sendBody(request, response, 200, new Headers(), { ...extra, "content-type": page.mediaType }, page.body);
}

function page(mediaType: string, body: string, contentSecurityPolicy: string): Page {
  return { mediaType, body, contentSecurityPolicy, tag: `"${sha256Base64(body)}"` };
}

function sha256Base64(text: string): string {
  return createHash("sha256").update(text).digest("base64");
}
