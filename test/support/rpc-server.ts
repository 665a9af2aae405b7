import type { Interceptor } from "@connectrpc/connect";
import { createServer, type Server, type ServerConfig } from "../../src/app/server.ts";
import { createClientAddress } from "../../src/app/one-port/client-address.ts";
import { answer, type HttpRequest, type HttpResponse } from "../../src/app/one-port/http.ts";
import type { Invoke } from "../../src/base/invoke.ts";
import type { UseCases } from "../../src/jobs/use-cases.ts";
import { type AuthOptions, createAdmit } from "../../src/rpc/interceptors/auth.ts";
import { interceptorChain } from "../../src/rpc/interceptors/chain.ts";
import type { RateLimit } from "../../src/rpc/interceptors/rate-limit.ts";
import { createInvoke } from "../../src/rpc/invoke.ts";
import { createRoutes, type Route } from "../../src/rpc/routes.ts";
import type { SystemPorts } from "../../src/rpc/services/system.ts";
import { createServing, type Serving } from "../../src/rpc/serving.ts";
import { createFakeClock, type FakeClock } from "./fake-clock.ts";
import { createFakeUseCases } from "./fake-use-cases.ts";
import { createRecordingLog, createRecordingMetrics } from "./recorders.ts";

/** A token that the servers of these tests know. */
export const TOKEN = "s3cret-token";

/** What a test may say about its server. */
export interface RpcOptions {
  readonly useCases?: Partial<UseCases>;
  readonly system?: Partial<SystemPorts>;
  readonly auth?: Partial<AuthOptions>;
  readonly rateLimit?: RateLimit;
  readonly maxStreamsPerCaller?: number;
}

/** The services with their interceptors, without a socket. */
export interface TestRpc {
  readonly routes: readonly Route[];
  readonly interceptors: Interceptor[];
  readonly invoke: Invoke;
  readonly serving: Serving;
  readonly clock: FakeClock;
  readonly log: ReturnType<typeof createRecordingLog>;
  readonly metrics: ReturnType<typeof createRecordingMetrics>;
}

/** Services over fake use cases: one known token, anonymous callers welcome, no rate limit, unless said otherwise. */
export function createTestRpc(options: RpcOptions = {}): TestRpc {
  const clock = createFakeClock();
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const serving = createServing();
  const routes = createRoutes({
    useCases: createFakeUseCases(options.useCases),
    system: {
      ready: async () => undefined,
      metricsText: async () => "# EOF\n",
      metricsJson: async () => ({ connections: 1 }),
      version: { version: "1.2.3", models: { judge: "demo/judge" }, maxIterations: 1000 },
      ...options.system,
    },
    serving,
  });
  let requests = 0;
  const interceptors = interceptorChain({
    admit: createAdmit({ tokens: [TOKEN], anonymous: true, protectMetrics: false, ...options.auth }),
    rateLimit: options.rateLimit ?? { perMinute: 0, burst: 1 },
    maxStreamsPerCaller: options.maxStreamsPerCaller ?? 1_000,
    clock,
    ids: { request: () => `request-${++requests}` },
    log,
    metrics,
    serving,
  });
  const invoke = createInvoke({ routes, interceptors, serving });
  return { routes, interceptors, invoke, serving, clock, log, metrics };
}

/** A server on loopback. */
export interface TestServer extends TestRpc {
  readonly port: number;
  readonly url: string;
  /** Stops without grace and resolves when every connection is closed, so that a leak hangs the test. */
  readonly server: Server;
  close(): Promise<void>;
}

/** Starts a server on a free port. */
export async function startTestServer(
  options: RpcOptions & {
    readonly config?: Partial<ServerConfig>;
    readonly gateway?: (request: HttpRequest, response: HttpResponse) => void;
  } = {},
): Promise<TestServer> {
  const rpc = createTestRpc(options);
  const server = createServer({
    ...rpc,
    config: {
      host: "127.0.0.1",
      port: 0,
      maxRequestBytes: 1_000,
      maxConnections: 100,
      corsAllowedOrigins: [],
      shutdownGraceMs: 1_000,
      ...options.config,
    },
    gateway: options.gateway ?? ((_, response) => answer(response, 404, {})),
    clientAddress: createClientAddress(false),
  });
  const { port } = await server.listen();
  return {
    ...rpc,
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    async close() {
      const stopped = server.stop();
      await rpc.clock.advance(1_000);
      await stopped;
    },
  };
}
