import { element, type Html, join, text } from "./html.ts";
import type {
  OpenApiDocument,
  Operation,
  Parameter,
  Reference,
  Response,
  Schema,
} from "./openapi/document.ts";

/** The page's style, in the page itself; its hash stands in the page's Content-Security-Policy. */
export const DOCS_STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
code, pre { font: 0.9em/1.4 ui-monospace, monospace; }
pre { background: var(--soft); padding: 0.75rem; overflow-x: auto; border-radius: 4px; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid var(--line); padding: 0.3rem 0.5rem; text-align: left; vertical-align: top; }
h2 { margin-top: 3rem; border-bottom: 2px solid var(--line); }
h3 { margin-top: 2rem; }
`;

/**
 * The contract as one page for people: every route with its parameters, its answers and a curl line, every schema,
 * every error code. It needs no script and nothing from elsewhere.
 */
export function renderDocs(document: OpenApiDocument): string {
  const { info, paths, components } = document;
  const operations = Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ path, method: method.toUpperCase(), operation })),
  );
  const body = join(
    element("h1", text(`${info.title} ${info.version}`)),
    element("p", text(info.summary)),
    element("p", text(info.description)),
    element(
      "p",
      join(text("For programs: "), element("a", text("openapi.json"), { href: "/openapi.json" }), text(".")),
    ),
    element("h2", text("Routes")),
    table(
      ["Route", "What it does"],
      operations.map(({ path, method, operation }) => [
        element("a", element("code", text(`${method} ${path}`)), { href: `#${operation.operationId}` }),
        text(operation.summary),
      ]),
    ),
    ...operations.map(({ path, method, operation }) =>
      operationSection(path, method, operation, components.schemas),
    ),
    element("h2", text("Errors"), { id: "errors" }),
    errorTable(components.responses),
    element("h2", text("Schemas"), { id: "schemas" }),
    ...Object.entries(components.schemas).map(([name, schema]) => schemaSection(name, schema)),
  );
  const head = join(
    element("meta", text(""), { charset: "utf-8" }),
    element("meta", text(""), { name: "viewport", content: "width=device-width, initial-scale=1" }),
    element("title", text(`${info.title} API`)),
  );
  return `<!doctype html>\n<html lang="en"><head>${head.html}<style>${DOCS_STYLE}</style></head><body>${body.html}</body></html>\n`;
}

function operationSection(
  path: string,
  method: string,
  operation: Operation,
  schemas: Readonly<Record<string, Schema>>,
): Html {
  const bodySchema = operation.requestBody?.content["application/json"]?.schema;
  const named = bodySchema?.$ref === undefined ? undefined : schemas[nameIn(bodySchema.$ref)];
  return join(
    element("h3", element("code", text(`${method} ${path}`)), { id: operation.operationId }),
    element("p", text(operation.description)),
    element("pre", text(curlLine(path, method, operation, named?.examples?.[0]))),
    ...(bodySchema === undefined ? [] : [element("p", join(text("Body: "), typeOf(bodySchema), text(".")))]),
    table(
      ["Parameter", "In", "Type", "Meaning"],
      (operation.parameters ?? []).map((parameter) => parameterRow(parameter)),
    ),
    table(
      ["Answer", "Body", "Meaning"],
      Object.entries(operation.responses).map(([status, response]) => responseRow(status, response)),
    ),
  );
}

function curlLine(path: string, method: string, operation: Operation, example: unknown): string {
  const url = `http://127.0.0.1:8000${path.replaceAll(/\{([a-z_]+)\}/g, (_, name: string) => `$${name.toUpperCase()}`)}`;
  const isStream = Object.values(operation.responses).some(
    (r) => "content" in r && r.content?.["text/event-stream"],
  );
  const flags = [isStream ? "-N" : "-s", ...(method === "GET" ? [] : [`-X ${method}`])];
  const parts = [`curl ${flags.join(" ")} "${url}"`];
  if (operation.security === undefined) parts.push('-H "Authorization: Bearer $API_TOKEN"');
  if (example !== undefined) {
    parts.push(
      '-H "Content-Type: application/json"',
      `-d '${JSON.stringify(example, null, 2).replaceAll("'", "'\\''")}'`,
    );
  }
  return parts.join(" \\\n  ");
}

function parameterRow({ name, in: where, schema, description }: Parameter): Html[] {
  return [element("code", text(name)), text(where), typeOf(schema), text(describe(description, schema))];
}

function responseRow(status: string, response: Response | Reference): Html[] {
  if ("$ref" in response) {
    return [text(status), element("a", text("Error"), { href: "#errors" }), text("")];
  }
  const [mediaType, content] = Object.entries(response.content ?? {})[0] ?? [];
  const body = content === undefined ? text("none") : join(typeOf(content.schema), text(` (${mediaType})`));
  return [text(status), body, text(response.description)];
}

function errorTable(responses: Readonly<Record<string, Response>>): Html {
  const rows = Object.entries(responses).flatMap(([name, { description }]) =>
    [...description.matchAll(/`([a-z_]+)`: ([^.]*\.)/g)].map(([, code = "", title = ""]) => [
      element("code", text(code), { id: `error-${code}` }),
      text(name.replace("Error", "")),
      text(title),
    ]),
  );
  return table(["Code", "Status", "Meaning"], rows);
}

function schemaSection(name: string, schema: Schema): Html {
  const forms = schema.properties === undefined ? (schema.oneOf ?? schema.anyOf ?? [schema]) : [schema];
  return join(
    element("h3", text(name), { id: `schema-${name}` }),
    element("p", text(schema.description ?? "")),
    ...forms.map((form) =>
      join(
        ...(form === schema || form.description === undefined ? [] : [element("p", text(form.description))]),
        fieldTable(form),
      ),
    ),
    ...(schema.examples ?? []).map((example) => element("pre", text(JSON.stringify(example, null, 2)))),
  );
}

function fieldTable(schema: Schema): Html {
  const rows = Object.entries(schema.properties ?? {}).map(([name, property]) => [
    element("code", text(name)),
    typeOf(property),
    text(schema.required?.includes(name) ? "yes" : ""),
    text(describe(property.description ?? "", property)),
  ]);
  return rows.length === 0 ? text("") : table(["Field", "Type", "Always", "Meaning"], rows);
}

function describe(description: string, schema: Schema): string {
  const rules = Object.entries(RULES).flatMap(([keyword, words]) => {
    const value = schema[keyword as keyof Schema];
    return value === undefined ? [] : [`${words} ${String(value)}`];
  });
  const allowed = schema.enum === undefined ? [] : [`one of ${schema.enum.join(", ")}`];
  return [description, [...allowed, ...rules].join(", ")].filter(Boolean).join(" — ");
}

const RULES = {
  minimum: "at least",
  exclusiveMinimum: "more than",
  maximum: "at most",
  exclusiveMaximum: "less than",
  minLength: "shortest length",
  maxLength: "longest length",
  minItems: "fewest items",
  maxItems: "most items",
  maxProperties: "most entries",
  pattern: "pattern",
} as const satisfies Partial<Record<keyof Schema, string>>;

function typeOf(schema: Schema): Html {
  if (schema.$ref !== undefined) {
    const name = nameIn(schema.$ref);
    return element("a", text(name), { href: `#schema-${name}` });
  }
  if (schema.const !== undefined) return element("code", text(JSON.stringify(schema.const)));
  if (schema.items !== undefined) return join(text("list of "), typeOf(schema.items));
  if (typeof schema.additionalProperties === "object") {
    return join(text("object of "), typeOf(schema.additionalProperties));
  }
  return text(schema.type ?? "any");
}

function nameIn(ref: string): string {
  return ref.slice(ref.lastIndexOf("/") + 1);
}

function table(head: readonly string[], rows: readonly (readonly Html[])[]): Html {
  return element(
    "table",
    join(
      element("tr", join(...head.map((cell) => element("th", text(cell))))),
      ...rows.map((row) => element("tr", join(...row.map((cell) => element("td", cell))))),
    ),
  );
}
