import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { REASONS, type Reason } from "../../base/errors.ts";
import { PROBLEMS } from "../errors.ts";
import type { Route } from "../routes.ts";
import type { Reference, Response, Schema } from "./document.ts";

const { NO_SIDE_EFFECTS } = MethodOptions_IdempotencyLevel;
const CODES = Object.keys(PROBLEMS) as Reason[];

/** The schema of every error body: problem details (RFC 9457) with an `error` member. */
export const ERROR_SCHEMA: Schema = {
  title: "Error",
  description:
    "Problem details (RFC 9457); `error` says the same in one place. Programs decide by `error.code`.",
  type: "object",
  required: ["type", "title", "status", "detail", "instance", "error"],
  properties: {
    type: { type: "string", description: "Where the code is explained, relative to the service." },
    title: { type: "string", description: "The code in words." },
    status: { type: "integer", description: "The HTTP status." },
    detail: { type: "string", description: "What is wrong and what to do, for people." },
    instance: { type: "string", description: "Path of the request." },
    error: {
      type: "object",
      required: ["code", "message", "details"],
      properties: {
        code: { type: "string", enum: CODES, description: "Why. The list is closed within a major version." },
        message: { type: "string", description: "The same as `detail`." },
        details: {
          type: "object",
          required: ["request_id"],
          properties: {
            request_id: { type: "string", description: "Finds the request in the server's log." },
            violations: {
              type: "array",
              description: "The fields at fault, as the caller wrote them.",
              items: {
                type: "object",
                required: ["field", "description"],
                properties: { field: { type: "string" }, description: { type: "string" } },
              },
            },
            metadata: {
              type: "object",
              description: "Names and values for programs.",
              additionalProperties: { type: "string" },
            },
            retry_after_s: {
              type: "integer",
              description: "Seconds after which the same request may succeed.",
            },
          },
        },
      },
    },
  },
};

/** One response a status, with the codes that come with it. */
export function errorResponses(): Record<string, Response> {
  const statuses = [...new Set(CODES.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b);
  return Object.fromEntries(statuses.map((status) => [`Error${status}`, errorResponse(status)]));
}

/** The error answers an operation can give, by status. */
export function errorsOf(route: Route, isOpen: boolean): Record<string, Reference> {
  const statuses = [
    400,
    ...(isOpen ? [] : [401, 403]),
    ...(route.pathFields.size > 0 ? [404] : []),
    ...(route.method.idempotency === NO_SIDE_EFFECTS || route.httpMethod === "GET" ? [] : [409]),
    ...(route.headers.some(({ name }) => name === "if-match") ? [412] : []),
    ...(route.body.kind === "none" ? [] : [413, 415]),
    ...(route.query.size > 0 || route.body.kind !== "none" ? [422] : []),
    429,
    500,
    503,
    504,
  ];
  return Object.fromEntries(statuses.map((s) => [String(s), { $ref: `#/components/responses/Error${s}` }]));
}

function errorResponse(status: number): Response {
  const codes = CODES.filter((code) => PROBLEMS[code].status === status);
  const schema = { $ref: "#/components/schemas/Error" };
  const retry = { description: "Seconds to wait.", schema: { type: "integer" } };
  return {
    description: codes.map((code) => `\`${code}\`: ${PROBLEMS[code].title}.`).join(" "),
    ...(codes.some((code) => REASONS[code].retryable) && { headers: { "Retry-After": retry } }),
    content: { "application/json": { schema }, "application/problem+json": { schema } },
  };
}
