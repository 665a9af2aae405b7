import { create, createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";
import { Code, createClient } from "@connectrpc/connect";
import { createGrpcTransport } from "@connectrpc/connect-node";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import { startTestServer, type TestServer } from "../../support/rpc-server.ts";

const SERVICES = ["gepa.v1.OptimizationService", "gepa.v1.SystemService"];

let server: TestServer;
beforeEach(async () => {
  server = await startTestServer({ auth: { anonymous: false } });
});
afterEach(() => server.close());

describe("health", () => {
  const health = () => createClient(Health, createGrpcTransport({ baseUrl: server.url }));

  it("serves the server as a whole and each service, without a token", async () => {
    for (const service of ["", ...SERVICES])
      expect(await health().check({ service })).toMatchObject({ status: Status.SERVING });
    expect(Object.keys((await health().list({})).statuses).sort()).toEqual(["", ...SERVICES]);
  });

  it("does not find a service that is not there", async () => {
    await expect(health().check({ service: "none" })).rejects.toMatchObject({ code: Code.NotFound });
  });

  it("keeps the watch of an unknown service open", async () => {
    const watch = health().watch({ service: "none" })[Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ status: Status.SERVICE_UNKNOWN });
    const next = watch.next();
    server.serving.stop();
    await expect(next).rejects.toMatchObject({ code: Code.Unavailable });
  });

  it("tells each watcher once when the server begins to stop", async () => {
    const watch = health()
      .watch({ service: SERVICES[0] ?? "" })
      [Symbol.asyncIterator]();
    expect((await watch.next()).value).toMatchObject({ status: Status.SERVING });
    server.serving.drain();
    server.serving.drain();
    expect((await watch.next()).value).toMatchObject({ status: Status.NOT_SERVING });
    const next = watch.next();
    server.serving.stop();
    await expect(next).rejects.toMatchObject({ code: Code.Unavailable });
  });
});

describe.each([
  ["v1", ServerReflection],
  ["v1alpha", ServerReflectionAlpha],
] as const)("reflection %s", (_name, service) => {
  /** The answers to these questions, asked on one stream. */
  async function ask(...questions: { case: string; value: unknown }[]) {
    const client = createClient(
      service as typeof ServerReflection,
      createGrpcTransport({ baseUrl: server.url }),
    );
    async function* requests() {
      for (const messageRequest of questions) yield { host: "h", messageRequest: messageRequest as never };
    }
    const answers = [];
    for await (const answer of client.serverReflectionInfo(requests())) answers.push(answer);
    expect(answers).toHaveLength(questions.length);
    return answers.map((answer) => answer.messageResponse);
  }

  /** Files of an answer, as a client puts them together. */
  async function registryOf(question: { case: string; value: unknown }) {
    const [answer] = await ask(question);
    expect(answer).toMatchObject({ case: "fileDescriptorResponse" });
    const { fileDescriptorProto } = (answer as { value: unknown }).value as {
      fileDescriptorProto: Uint8Array[];
    };
    const files = fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: files.toReversed() }));
    return { first: files[0]?.name, registry };
  }

  it("lists every service, itself included", async () => {
    const [answer] = await ask({ case: "listServices", value: "" });
    expect(answer).toMatchObject({
      case: "listServicesResponse",
      value: {
        service: [
          ...SERVICES,
          "grpc.health.v1.Health",
          "grpc.reflection.v1.ServerReflection",
          "grpc.reflection.v1alpha.ServerReflection",
        ].map((name) => ({ name })),
      },
    });
  });

  it("gives the files of a service from which a client can be built", async () => {
    const { first, registry } = await registryOf({ case: "fileContainingSymbol", value: SERVICES[0] });
    expect(first).toBe("gepa/v1/optimization_service.proto");
    expect(
      registry.getService("gepa.v1.OptimizationService")?.methods.map((method) => method.name),
    ).toContain("WatchJob");
    expect(registry.getMessage("google.protobuf.Timestamp")).toBeDefined();
    expect(registry.getExtension("gepa.v1.rest_method")).toBeDefined();
  });

  for (const [symbol, file] of [
    ["gepa.v1.OptimizationService.WatchJob", "gepa/v1/optimization_service.proto"],
    ["gepa.v1.Event", "gepa/v1/event.proto"],
    ["gepa.v1.Event.data", "gepa/v1/event.proto"],
    ["gepa.v1.Event.early_stop", "gepa/v1/event.proto"],
    ["gepa.v1.JobStatus", "gepa/v1/job.proto"],
    ["gepa.v1.JOB_STATUS_PAUSED", "gepa/v1/job.proto"],
    ["gepa.v1.rest_method", "gepa/v1/rest_options.proto"],
    ["grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"],
    ["grpc.health.v1.HealthCheckResponse.SERVING", "grpc/health/v1/health.proto"],
    ["google.protobuf.Struct", "google/protobuf/struct.proto"],
  ]) {
    it(`finds ${symbol}`, async () => {
      expect((await registryOf({ case: "fileContainingSymbol", value: symbol })).first).toBe(file);
    });
  }

  it("finds a file by its name and an extension by its number", async () => {
    const name = "gepa/v1/spec.proto";
    expect((await registryOf({ case: "fileByFilename", value: name })).first).toBe(name);
    const extension = { containingType: "google.protobuf.MethodOptions", extensionNumber: 50100 };
    expect((await registryOf({ case: "fileContainingExtension", value: extension })).first).toBe(
      "gepa/v1/rest_options.proto",
    );
  });

  it("lists the extensions of a message", async () => {
    const answers = await ask(
      { case: "allExtensionNumbersOfType", value: "google.protobuf.MethodOptions" },
      { case: "allExtensionNumbersOfType", value: "gepa.v1.Event" },
    );
    expect(answers).toMatchObject([
      { value: { baseTypeName: "google.protobuf.MethodOptions", extensionNumber: [50100, 72295728] } },
      { value: { extensionNumber: [] } },
    ]);
  });

  it("answers what it does not find and goes on", async () => {
    const answers = await ask(
      { case: "fileContainingSymbol", value: "none.None" },
      { case: "fileByFilename", value: "none.proto" },
      { case: "fileContainingExtension", value: { containingType: "gepa.v1.Event", extensionNumber: 1 } },
      { case: "allExtensionNumbersOfType", value: "none.None" },
      { case: "listServices", value: "" },
    );
    expect(answers.map((answer) => answer.case)).toEqual([
      ...Array(4).fill("errorResponse"),
      "listServicesResponse",
    ]);
    expect(answers.slice(0, 4)).toMatchObject(Array(4).fill({ value: { errorCode: Code.NotFound } }));
  });
});
