/**
 * The REST routes, derived once at start-up from google.api.http and gepa/v1/rest_options.proto. What this gateway
 * does not support is refused here, so that a request never meets it: `**` and custom verbs, client streaming, a
 * server stream without `event_stream`, templates that overlap, and field types without a REST form.
 */
import { type DescField, type DescMethod, type DescService, getOption } from "@bufbuild/protobuf";
import { http } from "../../gen/ts/google/api/annotations_pb.ts";
import type { HttpRule } from "../../gen/ts/google/api/http_pb.ts";
import { rest_method } from "../../gen/ts/gepa/v1/rest_options_pb.ts";
import { refuseUnsupported } from "./json/supported.ts";
import { fieldOptions } from "./json/naming.ts";
import { resolvePath } from "./message-path.ts";
import { matchPath, overlaps, type PathTemplate, parsePathTemplate } from "./path-template.ts";

/** The HTTP methods that google.api.http has names for. */
export type HttpMethod = "GET" | "PUT" | "POST" | "DELETE" | "PATCH";

/** What the request body fills. */
export type BodyTarget =
  | { readonly kind: "none" }
  | { readonly kind: "message" }
  | { readonly kind: "field"; readonly field: DescField & { fieldKind: "message" } };

/** One HTTP method on one path template, and all that is needed to serve it. */
export interface Route {
  readonly method: DescMethod;
  readonly httpMethod: HttpMethod;
  readonly template: PathTemplate;
  readonly pathFields: ReadonlyMap<string, DescField>;
  /** Query parameters by every name they may be given under. */
  readonly query: ReadonlyMap<string, DescField>;
  /** Request headers that fill a field. */
  readonly headers: readonly { readonly name: string; readonly field: DescField }[];
  readonly body: BodyTarget;
  readonly answer: Answer;
}

/** What a success looks like. */
export type Answer =
  | {
      readonly kind: "unary";
      readonly status: number;
      /** The response field that is the whole body; the whole message where absent. */
      readonly field?: DescField & { fieldKind: "message" };
      /** The body is this text field, sent as it is. */
      readonly text?: { readonly field: DescField; readonly mediaType: string };
      readonly location?: string;
      readonly etag?: readonly DescField[];
    }
  | { readonly kind: "events"; readonly stream: EventStream };

/** How a server stream becomes server-sent events; paths lead into the response message. */
export interface EventStream {
  readonly cursor: DescField;
  readonly cursorQuery: string;
  readonly event: DescField & { fieldKind: "message" };
  readonly snapshot: DescField;
  readonly head: readonly DescField[];
  readonly ended: readonly DescField[];
}

/** What a path and an HTTP method lead to. */
export type Match =
  | { readonly kind: "route"; readonly route: Route; readonly params: ReadonlyMap<string, string> }
  | { readonly kind: "wrong_method"; readonly allow: readonly string[] }
  | { readonly kind: "none" };

/** Derives the routes of some services. Throws an Error that names the RPC at fault. */
export function deriveRoutes(services: readonly DescService[]): readonly Route[] {
  const routes = services.flatMap((service) => service.methods).flatMap(routesOf);
  for (const [i, route] of routes.entries()) {
    const rival = routes
      .slice(0, i)
      .find((r) => r.httpMethod === route.httpMethod && overlaps(r.template, route.template));
    if (rival !== undefined) {
      throw new Error(
        `${route.method.name}: ${route.httpMethod} ${route.template.text} overlaps ${rival.template.text}.`,
      );
    }
  }
  return routes;
}

/** Finds the route of a raw path (still percent-encoded, without query). HEAD is served wherever GET is. */
export function findRoute(routes: readonly Route[], httpMethod: string, path: string): Match {
  const segments = path.slice(1).split("/");
  const wanted = httpMethod === "HEAD" ? "GET" : httpMethod;
  const allow = new Set<string>();
  for (const route of routes) {
    const params = matchPath(route.template, segments);
    if (params === undefined) continue;
    if (route.httpMethod === wanted) return { kind: "route", route, params };
    allow.add(route.httpMethod);
    if (route.httpMethod === "GET") allow.add("HEAD");
  }
  return allow.size === 0 ? { kind: "none" } : { kind: "wrong_method", allow: [...allow, "OPTIONS"].sort() };
}

function routesOf(method: DescMethod): Route[] {
  const rule = getOption(method, http);
  if (rule.pattern.case === undefined) return [];
  try {
    return [rule, ...rule.additionalBindings].map((binding) => routeOf(method, binding));
  } catch (error) {
    throw new Error(`${method.parent.typeName}.${method.name} can not be served over REST.`, {
      cause: error,
    });
  }
}

const HTTP_METHODS = { get: "GET", put: "PUT", post: "POST", delete: "DELETE", patch: "PATCH" } as const;

function routeOf(method: DescMethod, rule: HttpRule): Route {
  if (method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming") {
    throw new Error("A client stream has no REST form.");
  }
  if (rule.pattern.case === undefined || rule.pattern.case === "custom") {
    throw new Error("Only get, put, post, delete and patch are supported.");
  }
  refuseUnsupported(method.input);
  refuseUnsupported(method.output);
  const template = parsePathTemplate(rule.pattern.value);
  const options = getOption(method, rest_method);
  const pathFields = new Map<string, DescField>();
  for (const segment of template.segments) {
    if (segment.kind === "field") pathFields.set(segment.name, textField(method, segment.name));
  }
  const body = bodyOf(method, rule);
  const answer = answerOf(method, rule);
  return {
    method,
    httpMethod: HTTP_METHODS[rule.pattern.case],
    template,
    pathFields,
    query: queryOf(method, pathFields, body, answer),
    headers: options.headers.map((h) => ({ name: h.name.toLowerCase(), field: textField(method, h.field) })),
    body,
    answer,
  };
}

function bodyOf(method: DescMethod, rule: HttpRule): BodyTarget {
  if (rule.body === "") return { kind: "none" };
  if (rule.body === "*") return { kind: "message" };
  return { kind: "field", field: messageField(method.input.fields, rule.body) };
}

function queryOf(
  method: DescMethod,
  pathFields: ReadonlyMap<string, DescField>,
  body: BodyTarget,
  answer: Answer,
): ReadonlyMap<string, DescField> {
  const query = new Map<string, DescField>();
  if (body.kind === "message") return query; // google.api.http: with body "*" everything is in the body
  const stream = answer.kind === "events" ? answer.stream : undefined;
  for (const field of method.input.fields) {
    const isScalar =
      field.fieldKind === "scalar" ||
      field.fieldKind === "enum" ||
      (field.fieldKind === "list" && field.listKind !== "message");
    if (!isScalar || pathFields.has(field.name) || field === stream?.snapshot || fieldOptions(field).hidden)
      continue;
    const names =
      field === stream?.cursor ? [stream.cursorQuery] : [field.name, ...fieldOptions(field).aliases];
    for (const name of names) query.set(name, field);
  }
  return query;
}

function answerOf(method: DescMethod, rule: HttpRule): Answer {
  const options = getOption(method, rest_method);
  const output = method.output;
  if (method.methodKind === "server_streaming") {
    const stream = options.eventStream;
    if (stream === undefined) throw new Error("A server stream needs rest_method.event_stream.");
    return {
      kind: "events",
      stream: {
        cursor: single(resolvePath(method.input, stream.cursorField)),
        cursorQuery: stream.cursorQuery,
        event: messageField(output.fields, stream.eventField),
        snapshot: single(resolvePath(method.input, stream.snapshotField)),
        head: resolvePath(output, stream.headPath),
        ended: resolvePath(output, stream.endedPath),
      },
    };
  }
  for (const [, path] of options.location.matchAll(/\{([^}]*)\}/g)) resolvePath(output, path ?? "");
  const isText = options.textMediaType !== "";
  return {
    kind: "unary",
    status: options.successStatus || 200,
    ...(isText && {
      text: { field: single(resolvePath(output, rule.responseBody)), mediaType: options.textMediaType },
    }),
    ...(!isText && rule.responseBody !== "" && { field: messageField(output.fields, rule.responseBody) }),
    ...(options.location !== "" && { location: options.location }),
    ...(options.etag !== "" && { etag: resolvePath(output, options.etag) }),
  };
}

function textField(method: DescMethod, name: string): DescField {
  const field = single(resolvePath(method.input, name));
  if (field.fieldKind !== "scalar") throw new Error(`${name} must be a single scalar field.`);
  return field;
}

function messageField(fields: readonly DescField[], name: string): DescField & { fieldKind: "message" } {
  const field = fields.find((f) => f.name === name);
  if (field?.fieldKind !== "message") throw new Error(`${name} must be a field that holds one message.`);
  return field;
}

function single(path: readonly DescField[]): DescField {
  const [field, ...rest] = path;
  if (field === undefined || rest.length > 0)
    throw new Error("Only fields of the request itself can be filled.");
  return field;
}
