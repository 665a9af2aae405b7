import type { FileDescriptorSet } from "@bufbuild/protobuf/wkt";
import { deriveRoutes } from "../routes.ts";
import { SERVICES } from "../services.ts";
import { readComments } from "./comments.ts";
import type { OpenApiDocument } from "./document.ts";
import { ERROR_SCHEMA, errorResponses } from "./error-responses.ts";
import { bodySchema, pathItems } from "./operations.ts";
import { createSchemaBook } from "./schemas.ts";

/** The OpenAPI document of the served routes; the descriptor set gives the comments. */
export function generateOpenApi(set: FileDescriptorSet): OpenApiDocument {
  const comments = readComments(set);
  const book = createSchemaBook(comments);
  const routes = deriveRoutes(SERVICES);
  // What callers send comes first: a message that also comes back keeps the stricter form of a request.
  for (const route of routes) {
    if (route.body.kind !== "none") bodySchema(route, book);
  }
  const paths = pathItems(routes, book, comments);
  return {
    openapi: "3.1.0",
    info: {
      title: "gepa-next",
      version: "v1",
      summary: "A self-hosted service that makes prompts better.",
      description:
        "REST and server-sent events over the protobuf contract gepa.v1. Names are snake_case, enums short lower-case " +
        "names, 64-bit integers numbers, timestamps seconds since 1970 with milliseconds after the point. Unknown " +
        "fields and parameters are refused by name; null means not given. In answers numbers, booleans, lists and maps " +
        "always stand; empty texts and whatever is unset are left out.",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{ bearer: [] }],
    tags: SERVICES.map((service) => ({ name: service.name, description: comments.ofType(service.typeName) })),
    paths,
    components: {
      schemas: { ...book.schemas(), Error: ERROR_SCHEMA },
      responses: errorResponses(),
      securitySchemes: {
        bearer: { type: "http", scheme: "bearer", description: "A token of API_BEARER_TOKENS." },
      },
    },
  };
}
