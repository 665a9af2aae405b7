import {
  create,
  createFileRegistry,
  type DescService,
  type MessageInitShape,
  setExtension,
} from "@bufbuild/protobuf";
import {
  FieldDescriptorProto_Label,
  FieldDescriptorProto_Type,
  FileDescriptorProtoSchema,
  MethodOptionsSchema,
} from "@bufbuild/protobuf/wkt";
import { describe, expect, it } from "vitest";
import { http } from "../../gen/ts/google/api/annotations_pb.ts";
import { CustomHttpPatternSchema, type HttpRule, HttpRuleSchema } from "../../gen/ts/google/api/http_pb.ts";
import { RestMethodSchema, rest_method } from "../../gen/ts/gepa/v1/rest_options_pb.ts";
import { deriveRoutes, findRoute } from "../../src/gateway/routes.ts";
import { SERVICES } from "../../src/gateway/services.ts";

const { STRING, BYTES, FLOAT, UINT64 } = FieldDescriptorProto_Type;

/** One RPC of a made-up service whose request has a text field `id` and, where asked for, an `odd` one. */
interface Rpc {
  readonly rule: HttpRule["pattern"];
  readonly body?: string;
  readonly rest?: MessageInitShape<typeof RestMethodSchema>;
  readonly streams?: "client" | "server";
  readonly odd?: FieldDescriptorProto_Type;
}

function serviceOf(rpcs: readonly Rpc[]): DescService {
  const odd = rpcs.find((rpc) => rpc.odd !== undefined)?.odd;
  const file = create(FileDescriptorProtoSchema, {
    name: "t.proto",
    package: "t",
    syntax: "proto3",
    messageType: [
      {
        name: "Message",
        field: [
          { name: "id", number: 1, type: STRING, label: FieldDescriptorProto_Label.OPTIONAL, jsonName: "id" },
          ...(odd === undefined
            ? []
            : [
                {
                  name: "odd",
                  number: 2,
                  type: odd,
                  label: FieldDescriptorProto_Label.OPTIONAL,
                  jsonName: "odd",
                },
              ]),
        ],
      },
    ],
    service: [
      {
        name: "Service",
        method: rpcs.map((rpc, i) => {
          const options = create(MethodOptionsSchema);
          setExtension(options, http, create(HttpRuleSchema, { pattern: rpc.rule, body: rpc.body ?? "" }));
          setExtension(options, rest_method, create(RestMethodSchema, rpc.rest));
          return {
            name: `Rpc${i}`,
            inputType: ".t.Message",
            outputType: ".t.Message",
            clientStreaming: rpc.streams === "client",
            serverStreaming: rpc.streams === "server",
            options,
          };
        }),
      },
    ],
  });
  const service = createFileRegistry(file, () => undefined).getService("t.Service");
  if (service === undefined) throw new Error("the made-up service is missing");
  return service;
}

const get = (value: string) => ({ case: "get", value }) as const;

describe("a contract is refused at start-up", () => {
  const refused: [why: string, rpcs: Rpc[], words: RegExp][] = [
    ["for a wildcard over segments", [{ rule: get("/v1/{id=**}") }], /neither a literal segment/],
    ["for a wildcard segment", [{ rule: get("/v1/*") }], /neither a literal segment/],
    ["for a custom verb", [{ rule: get("/v1/{id}:cancel") }], /neither a literal segment/],
    ["for a path without a slash", [{ rule: get("v1") }], /begin with a slash/],
    ["for a field twice in the path", [{ rule: get("/v1/{id}/{id}") }], /twice/],
    ["for a field that does not exist", [{ rule: get("/v1/{name}") }], /has no field name/],
    [
      "for a custom method",
      [{ rule: { case: "custom", value: create(CustomHttpPatternSchema, { kind: "LIST", path: "/v1" }) } }],
      /Only get/,
    ],
    ["for a client stream", [{ rule: get("/v1"), streams: "client" }], /client stream/],
    [
      "for a server stream that says nothing of events",
      [{ rule: get("/v1"), streams: "server" }],
      /event_stream/,
    ],
    ["for a body that is no message", [{ rule: { case: "post", value: "/v1" }, body: "id" }], /one message/],
    [
      "for a header that fills nothing",
      [{ rule: get("/v1"), rest: { headers: [{ name: "A", field: "b" }] } }],
      /has no field b/,
    ],
    [
      "for a Location that leads nowhere",
      [{ rule: get("/v1"), rest: { location: "/v1/{x.y}" } }],
      /has no field x\.y/,
    ],
    ["for an ETag that leads nowhere", [{ rule: get("/v1"), rest: { etag: "x" } }], /has no field x/],
    ["for bytes", [{ rule: get("/v1"), odd: BYTES }], /no REST form/],
    ["for float", [{ rule: get("/v1"), odd: FLOAT }], /no REST form/],
    ["for uint64", [{ rule: get("/v1"), odd: UINT64 }], /no REST form/],
    ["for the same route twice", [{ rule: get("/v1/a") }, { rule: get("/v1/a") }], /overlaps/],
    ["for templates that fit one path", [{ rule: get("/v1/{id}") }, { rule: get("/v1/a") }], /overlaps/],
  ];
  for (const [why, rpcs, words] of refused) {
    it(why, () => {
      let problem: unknown;
      try {
        deriveRoutes([serviceOf(rpcs)]);
      } catch (error) {
        problem = error;
      }
      expect(problem).toBeInstanceOf(Error);
      const { message, cause } = problem as Error;
      expect(message).toContain("Rpc");
      expect(`${message} ${cause instanceof Error ? cause.message : ""}`).toMatch(words);
    });
  }

  it("but not for the same path with another method, or another length", () => {
    const rpcs: Rpc[] = [
      { rule: get("/v1/{id}") },
      { rule: { case: "delete", value: "/v1/a" } },
      { rule: get("/v1/a/b") },
    ];
    expect(deriveRoutes([serviceOf(rpcs)])).toHaveLength(3);
  });
});

describe("our own contract", () => {
  const routes = deriveRoutes(SERVICES);

  it("has a route for every annotated method and no other", () => {
    expect(routes.map((route) => `${route.httpMethod} ${route.template.text}`).sort()).toEqual(
      expect.arrayContaining([
        "DELETE /v1/optimize/{job_id}",
        "GET /v1/healthz",
        "GET /v1/metrics",
        "GET /v1/metricsz",
        "GET /v1/optimize",
        "GET /v1/optimize/{job_id}",
        "GET /v1/optimize/{job_id}/events",
        "POST /v1/optimize",
      ]),
    );
  });

  it("finds a route by method and path, HEAD by GET", () => {
    expect(findRoute(routes, "HEAD", "/v1/optimize/x")).toMatchObject({
      kind: "route",
      params: new Map([["job_id", "x"]]),
    });
    expect(findRoute(routes, "GET", "/v1/optimize/")).toEqual({ kind: "none" });
  });

  it("shows neither the cursor's own name nor the snapshot in the query of a stream", () => {
    const watch = routes.find((route) => route.method.name === "WatchJob");
    expect([...(watch?.query.keys() ?? [])]).toEqual(["last_event_id"]);
  });
});
