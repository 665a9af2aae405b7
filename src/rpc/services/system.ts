import type { JsonObject } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import type { SystemService } from "../../../gen/ts/gepa/v1/system_service_pb.ts";
import { drainingError, type Serving } from "../serving.ts";

/** Version of the contract. */
const API_VERSION = "gepa.v1";

/** What the system service tells, given by whoever put the server together. */
export interface SystemPorts {
  /** Resolves if the store answers; rejects with `storage_unavailable` otherwise. */
  ready(): Promise<void>;
  /** Metrics in Prometheus' text form, version 0.0.4. */
  metricsText(): Promise<string>;
  /** The same metrics as JSON. */
  metricsJson(): Promise<JsonObject>;
  /** What runs here. */
  readonly version: {
    readonly version: string;
    /** Models that answer by default, by role. */
    readonly models: Readonly<Record<string, string>>;
    readonly maxIterations: number;
  };
}

/** Health, readiness, version and metrics. */
export function systemService(ports: SystemPorts, serving: Serving) {
  return {
    checkHealth: () => ({ status: "ok" }),
    async checkReadiness() {
      if (!serving.accepting) throw drainingError();
      await ports.ready();
      return { status: "ready" };
    },
    getVersion: () => ({
      version: ports.version.version,
      apiVersion: API_VERSION,
      nodeVersion: process.versions.node,
      models: { ...ports.version.models },
      maxIterations: ports.version.maxIterations,
    }),
    async getMetricsText() {
      return { text: await ports.metricsText() };
    },
    async getMetrics() {
      return { metrics: await ports.metricsJson() };
    },
  } satisfies ServiceImpl<typeof SystemService>;
}
