import { type DescField, getOption } from "@bufbuild/protobuf";
import { rest_method } from "../../../gen/ts/gepa/v1/rest_options_pb.ts";
import { displayName } from "../bind.ts";
import type { Route } from "../routes.ts";
import type { Comments } from "./comments.ts";
import type { Operation, Parameter, PathItem, Response, Schema } from "./document.ts";
import { errorsOf } from "./error-responses.ts";
import type { SchemaBook } from "./schemas.ts";

/** The operations of all routes by path. */
export function pathItems(
  routes: readonly Route[],
  book: SchemaBook,
  comments: Comments,
): Record<string, PathItem> {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    const item = paths[route.template.text] ?? {};
    item[route.httpMethod.toLowerCase()] = operation(route, book, comments);
    paths[route.template.text] = item;
  }
  return paths;
}

function operation(route: Route, book: SchemaBook, comments: Comments): Operation {
  const { method } = route;
  const description = comments.ofMethod(method);
  const isOpen = getOption(method, rest_method).open;
  const parameters = [
    ...pathParameters(route, book),
    ...queryParameters(route, book),
    ...headerParameters(route, book),
  ];
  return {
    operationId: method.localName,
    tags: [method.parent.name],
    summary: description.split(/(?<=\.) /, 1)[0] ?? "",
    description,
    ...(isOpen && { security: [] }),
    parameters,
    ...(route.body.kind !== "none" && {
      requestBody: {
        required: route.body.kind === "field", // a whole message may be empty: its rules say whether that will do
        content: { "application/json": { schema: bodySchema(route, book) } },
      },
    }),
    responses: { ...successes(route, book, comments), ...errorsOf(route, isOpen) },
  };
}

/** The schema of a route's body; fields of a whole message that stand in the path are left out. */
export function bodySchema(route: Route, book: SchemaBook): Schema {
  if (route.body.kind === "field") return book.input(route.body.field.message);
  return book.input(route.method.input, new Set(route.pathFields.keys()));
}

function pathParameters(route: Route, book: SchemaBook): Parameter[] {
  return [...route.pathFields].map(([name, field]) => parameter(name, "path", field, book));
}

function queryParameters(route: Route, book: SchemaBook): Parameter[] {
  return [...route.query].map(([name, field]) => parameter(name, "query", field, book));
}

function headerParameters(route: Route, book: SchemaBook): Parameter[] {
  const { answer } = route;
  return [
    ...route.headers.map(({ name, field }) => parameter(displayName(name), "header", field, book)),
    ...(answer.kind === "events"
      ? [
          header("Last-Event-ID", `The same as \`${answer.stream.cursorQuery}\`, and wins over it.`, {
            type: "integer",
            minimum: 0,
          }),
        ]
      : []),
    ...(answer.kind === "unary" && answer.etag !== undefined
      ? [
          header("If-None-Match", "The ETag of an earlier answer: if it still holds, the answer is 304.", {
            type: "string",
          }),
        ]
      : []),
    header("X-Request-Timeout", "Seconds the caller is willing to wait.", {
      type: "number",
      exclusiveMinimum: 0,
    }),
    header("X-Request-Id", "An id of the caller's own for the log, at most 64 of A-Z a-z 0-9 . _ -", {
      type: "string",
    }),
  ];
}

function parameter(name: string, where: Parameter["in"], field: DescField, book: SchemaBook): Parameter {
  const { description = "", ...schema } = book.field(field);
  return { name, in: where, required: where === "path", description, schema };
}

function header(name: string, description: string, schema: Schema): Parameter {
  return { name, in: "header", required: false, description, schema };
}

function successes(route: Route, book: SchemaBook, comments: Comments): Record<string, Response> {
  const { answer, method } = route;
  if (answer.kind === "events") {
    const event = book.output(answer.stream.event.message);
    const description =
      "Server-sent events. Each has `id`, `event` (its type) and `data`: one line of JSON as the schema says. The first " +
      "line is `retry:`; comments (`:`) are sent in silence; the stream ends after the terminal event. A failure after " +
      "the start comes as an event `stream_error` with an Error as its data.";
    return {
      200: { description, content: { "text/event-stream": { schema: event } } },
      204: { description: "The cursor is at the terminal event: nothing more will come." },
    };
  }
  if (answer.text !== undefined) {
    const description = comments.ofField(answer.text.field);
    return { 200: { description, content: { [answer.text.mediaType]: { schema: { type: "string" } } } } };
  }
  const body = answer.field;
  const isJson = body !== undefined && body.message.typeName === "google.protobuf.Struct";
  const schema = isJson ? { type: "object" } : book.output(body?.message ?? method.output);
  const text = (description: string) => ({ description, schema: { type: "string" } });
  const headers = {
    "X-Request-Id": text("Finds the request in the server's log."),
    ...(answer.location !== undefined && { Location: text("Path of what was created.") }),
    ...(answer.etag !== undefined && { ETag: text("Changes with every change.") }),
  };
  return {
    [answer.status]: {
      description: comments.ofType(method.output.typeName),
      headers,
      content: { "application/json": { schema } },
    },
    ...(answer.etag !== undefined && { 304: { description: "Nothing has changed since the ETag given." } }),
  };
}
