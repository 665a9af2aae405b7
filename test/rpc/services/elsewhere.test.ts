import { createClient, createRouterTransport } from "@connectrpc/connect";
import { describe, expect, it } from "vitest";
import { OptimizationService } from "../../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { Health } from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import { silentLogger } from "../../../src/base/log.ts";
import { errorBoundary } from "../../../src/rpc/interceptors/error-boundary.ts";
import { createRoutes, registerRoutes } from "../../../src/rpc/routes.ts";
import { createServing } from "../../../src/rpc/serving.ts";

/** A node without use cases. */
function transport() {
  const routes = createRoutes({
    serving: createServing(),
    system: {
      ready: async () => undefined,
      metricsText: async () => "",
      metricsJson: async () => ({}),
      version: { version: "0", models: {}, maxIterations: 1 },
    },
  });
  return createRouterTransport((router) => registerRoutes(router, routes), {
    router: { interceptors: [errorBoundary(silentLogger)] },
  });
}

describe("a node that answers no calls about jobs", () => {
  it("refuses every one of them, streams included, and says whom to call", async () => {
    const client = createClient(OptimizationService, transport());
    const refusal = { message: expect.stringContaining("Call a node of the role api or all") };
    await expect(client.getJob({ jobId: "j1" })).rejects.toMatchObject(refusal);
    const read = async () => {
      for await (const _item of client.watchJob({ jobId: "j1" }));
    };
    await expect(read()).rejects.toMatchObject(refusal);
  });

  it("does not know the service as healthy", async () => {
    const health = createClient(Health, transport());
    await expect(health.check({ service: OptimizationService.typeName })).rejects.toThrow();
    expect(Object.keys((await health.list({})).statuses)).toContain("gepa.v1.SystemService");
  });
});
