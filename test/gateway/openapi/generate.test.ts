import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { Validator } from "@seriousme/openapi-schema-validator";
import { fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, it } from "vitest";
import { EventSchema } from "../../../gen/ts/gepa/v1/event_pb.ts";
import { OptimizeSpecSchema } from "../../../gen/ts/gepa/v1/spec_pb.ts";
import { restJson } from "../../../src/gateway/json/print.ts";
import { noFindings, readMessage, ROOT } from "../../../src/gateway/json/read.ts";
import { parseJson } from "../../../src/gateway/json/parse.ts";
import type { OpenApiDocument, Schema } from "../../../src/gateway/openapi/document.ts";
import { EXAMPLES } from "../../../src/gateway/openapi/examples.ts";
import { generateOpenApi } from "../../../src/gateway/openapi/generate.ts";
import { PROBLEMS } from "../../../src/gateway/errors.ts";
import { deriveRoutes } from "../../../src/gateway/routes.ts";
import { SERVICES } from "../../../src/gateway/services.ts";
import { event } from "../rig.ts";

const root = new URL("../../../", import.meta.url);
const committed = readFileSync(new URL("gen/openapi.json", root), "utf8");
const document = JSON.parse(committed) as OpenApiDocument;
const { schemas } = document.components;

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(document, "doc");
const validator = (name: string) => ajv.compile({ $ref: `doc#/components/schemas/${name}` });

describe("gen/openapi.json", () => {
  it("is what the contract gives today", () => {
    const buf = new URL("node_modules/.bin/buf", root).pathname;
    const image = execFileSync(buf, ["build", "proto", "-o", "-#format=binpb"], {
      cwd: root,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const generated = generateOpenApi(fromBinary(FileDescriptorSetSchema, image));
    expect(`${JSON.stringify(generated, null, 2)}\n`).toBe(committed);
  });

  it("is valid OpenAPI 3.1", async () => {
    const result = await new Validator().validate(JSON.parse(committed));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
  });

  it("has the routes that are served, and no other", () => {
    const served = deriveRoutes(SERVICES).map((route) => `${route.httpMethod} ${route.template.text}`);
    const documented = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(documented.sort()).toEqual(served.sort());
  });

  it("describes every operation, parameter, schema and field", () => {
    const operations = Object.values(document.paths).flatMap((item) => Object.values(item));
    const silent = [
      ...operations.filter((o) => o.description === "" || o.summary === "").map((o) => o.operationId),
      ...operations.flatMap((o) => o.parameters ?? []).filter((p) => p.description === ""),
      ...Object.entries(schemas).flatMap(([name, schema]) => silentParts(name, schema)),
    ];
    expect(silent).toEqual([]);
  });

  it("refers to nothing that is not there", () => {
    const names = [...committed.matchAll(/"\$ref": "#\/components\/(schemas|responses)\/([^"]+)"/g)];
    const missing = names.filter(
      ([, kind, name]) => !(name! in document.components[kind as "schemas" | "responses"]),
    );
    expect(missing).toEqual([]);
  });

  it("asks for a token except where anyone may call", () => {
    const open = Object.values(document.paths)
      .flatMap((item) => Object.values(item))
      .filter((operation) => operation.security?.length === 0)
      .map((operation) => operation.operationId);
    expect(open.sort()).toEqual([
      "checkHealth",
      "checkReadiness",
      "getMetrics",
      "getMetricsText",
      "getVersion",
    ]);
  });

  it("carries the contract's rules, aliases and names", () => {
    const spec = schemas.OptimizeSpec?.properties;
    expect(spec?.examples).toMatchObject({ minItems: 1, maxItems: 10000 });
    expect(spec?.model_id?.description).toBe("The same as `target_model_id`.");
    expect(spec?.seed).toMatchObject({ type: "integer", minimum: 0 });
    expect(schemas.OptimizeSpec?.required).toEqual(["examples"]);
    expect(schemas.OptimizeSpec?.description).toContain("judge_model_id");
    expect(schemas.Job?.properties?.status?.enum).toEqual([
      "pending",
      "running",
      "paused",
      "finished",
      "failed",
      "cancelled",
    ]);
    const create = document.paths["/v1/optimize"]?.post;
    expect(create?.parameters?.map((p) => p.name)).toEqual(
      expect.arrayContaining(["iterations", "Idempotency-Key"]),
    );
    expect(Object.keys(create?.responses ?? {})).toEqual(
      expect.arrayContaining(["201", "409", "413", "415", "422"]),
    );
  });

  it("leaves what stands in the path out of a body, and lets a body of optional fields be left out", () => {
    const fork = document.paths["/v1/optimize/{job_id}/fork"]?.post;
    expect(fork?.requestBody).toMatchObject({ required: false });
    const schema = schemas.ForkJobRequest as { properties: object; required?: string[] };
    expect(Object.keys(schema.properties)).toContain("candidate_id");
    expect(Object.keys(schema.properties)).not.toContain("job_id");
    expect(schema.required).toBeUndefined();
  });

  it("names every error code", () => {
    for (const code of Object.keys(PROBLEMS)) expect(committed).toContain(`\`${code}\``);
  });
});

describe("the examples", () => {
  for (const [typeName, examples] of Object.entries(EXAMPLES)) {
    for (const [i, example] of examples.entries()) {
      it(`of ${typeName}, number ${i + 1}, fits its schema`, () => {
        const validate = validator(typeName.replace("gepa.v1.", ""));
        expect([validate(example), validate.errors]).toEqual([true, null]);
      });
    }
  }

  for (const [i, example] of (EXAMPLES["gepa.v1.OptimizeSpec"] ?? []).entries()) {
    it(`of the spec, number ${i + 1}, is read without a fault`, () => {
      const findings = noFindings();
      readMessage(OptimizeSpecSchema, parseJson(JSON.stringify(example)), ROOT, findings);
      expect(findings.violations).toEqual([]);
    });
  }
});

describe("what the printer prints fits the schema", () => {
  for (const last of [1, 2]) {
    it(`for ${last === 1 ? "a terminal event" : "progress"}`, () => {
      const validate = validator("Event");
      expect([validate(restJson(EventSchema, event(1, last))), validate.errors]).toEqual([true, null]);
    });
  }
});

function silentParts(name: string, schema: Schema): string[] {
  const forms = [schema, ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])];
  const isSilent = (s: Schema | undefined) => s?.const === undefined && (s?.description ?? "") === "";
  const own = name === "Error" || !isSilent(schema) ? [] : [name];
  const fields = forms.flatMap((form) => Object.entries(form.properties ?? {}));
  const silent = fields.filter(([field, s]) => isSilent(s) && !(name === "Error" || field === "type"));
  return [...own, ...silent.map(([field]) => `${name}.${field}`)];
}
