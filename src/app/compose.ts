import { readFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { hostname } from "node:os";
import type { JsonObject } from "@bufbuild/protobuf";
import { type Clock, systemClock } from "../base/clock.ts";
import { AppError } from "../base/errors.ts";
import { randomIds } from "../base/ids.ts";
import type { Logger } from "../base/log.ts";
import { createRng } from "../base/rng.ts";
import { secretsOf } from "../config/keys.ts";
import type { Config } from "../config/load-config.ts";
import { optimise } from "../engine/optimise.ts";
import { createGateway } from "../gateway/gateway.ts";
import { checkGrader } from "../graders/check-grader.ts";
import { createGrader } from "../graders/registry.ts";
import type { HandOut } from "../jobs/dispatch.ts";
import { createJobs, type Jobs } from "../jobs/jobs.ts";
import { createModels } from "../models/registry.ts";
import { createAdmit } from "../rpc/interceptors/auth.ts";
import { interceptorChain } from "../rpc/interceptors/chain.ts";
import { createInvoke } from "../rpc/invoke.ts";
import { createRoutes } from "../rpc/routes.ts";
import { createServing } from "../rpc/serving.ts";
import type { JobQueue } from "../storage/queue.ts";
import { openStorage } from "../storage/registry.ts";
import type { Store } from "../storage/store.ts";
import { createLogger } from "../telemetry/logger.ts";
import { createTelemetry } from "../telemetry/metrics.ts";
import { type DefaultModel, defaultModels, modelsByRole, modelsConfig } from "./model-roles.ts";
import { storeLocation } from "./store-location.ts";
import { createClientAddress } from "./one-port/client-address.ts";
import { createServer, type Server } from "./server.ts";

/** The service, put together and not yet listening. */
export interface App {
  /** What answers where a request names no model. */
  readonly models: readonly DefaultModel[];
  /** Listens and begins to run jobs; gives the address to call. Rejects where the port is not to be had. */
  listen(): Promise<string>;
  /**
   * Refuses new calls, tells every open stream, ends the runs so that the next start takes them up, and closes the
   * store; calls that are still open get SHUTDOWN_GRACE_S. Never rejects.
   */
  stop(): Promise<void>;
}

/** What the process gives the service. */
export interface AppPorts {
  readonly version: string;
  /** Told once when the store can not promise durability any more: stop, and start again. */
  readonly onBroken: () => void;
  /** Where log lines go; standard output where absent. */
  readonly writeLog?: (line: string) => void;
  /** The time; the machine's where absent. */
  readonly clock?: Clock;
}

/** A store that takes longer to say that it is there is not ready. */
const READY_LIMIT_MS = 2_000;

const DAY_MS = 86_400_000;

/** Picks every implementation; no other file does. Rejects where the data can not be used. */
export async function compose(config: Config, ports: AppPorts): Promise<App> {
  const clock = ports.clock ?? systemClock;
  const ids = randomIds;
  const telemetry = createTelemetry({ process: true });
  const { metrics } = telemetry;
  const log = createLogger({
    level: config.logLevel,
    clock,
    secrets: secretsOf(config).map((secret) => secret.reveal()),
    ...(ports.writeLog && { write: ports.writeLog }),
  });
  const openApi = await readFile(new URL("../../gen/openapi.json", import.meta.url), "utf8");
  const booking = new AbortController(); // until it aborts, answers wait for the store: one that broke takes none
  const { store, queue } = await openStorage(storeLocation(config), {
    clock,
    log,
    metrics,
    onBroken(error) {
      log.error("store_broken", {}, error);
      booking.abort(error);
      ports.onBroken();
    },
  });

  // Chance comes from the ids, the one source of it that is not seeded; it only spreads retries in time.
  const rng = createRng({ seed: Number.parseInt(ids.request().slice(0, 8), 16) });
  const models = createModels(modelsConfig(config), { clock, rng, metrics });
  const defaults = defaultModels(config, models);
  const jobs = createJobs(
    {
      store,
      clock,
      ids,
      log,
      metrics,
      optimise,
      resolveModels: modelsByRole(config, models),
      graders: { create: createGrader, check: checkGrader },
      limits: {
        maxIterations: config.maxIterations,
        maxOpenJobsPerOwner: config.maxOpenJobsPerOwner,
        idempotencyTtlMs: config.idempotencyTtlS * 1000,
        ...(config.jobRetentionDays > 0 && { jobRetentionMs: config.jobRetentionDays * DAY_MS }),
        ...(config.eventRetentionDays > 0 && { eventRetentionMs: config.eventRetentionDays * DAY_MS }),
        maxRunningJobs: config.maxRunningJobs,
        callsInFlightPerJob: config.modelConcurrency,
      },
    },
    `${hostname()}-${process.pid}`,
    handOutOf(config, queue),
  );

  const serving = createServing();
  const clientAddress = createClientAddress(config.trustProxy);
  const routes = createRoutes({
    ...(config.role !== "worker" && { useCases: jobs.useCases }),
    serving,
    system: {
      ready: () => pingWithin(READY_LIMIT_MS, store, clock),
      metricsText: telemetry.text,
      metricsJson: async () => (await telemetry.json()) as JsonObject,
      version: {
        version: ports.version,
        models: Object.fromEntries(defaults.map(({ role, modelId }) => [role, modelId])),
        maxIterations: config.maxIterations,
      },
    },
  });
  const admit = createAdmit({
    tokens: config.apiBearerTokens.map((token) => token.reveal()),
    anonymous: config.dev || !config.requireAuth,
    loopbackOnly: config.dev,
    protectMetrics: config.metricsRequireAuth,
  });
  const interceptors = interceptorChain({
    admit,
    rateLimit: { perMinute: config.rateLimitPerMin, burst: config.rateLimitBurst },
    maxStreamsPerCaller: config.maxStreamsPerCaller,
    clock,
    ids,
    log,
    metrics,
    serving,
  });
  const gateway = createGateway({
    invoke: createInvoke({ routes, interceptors, serving }),
    authorise: admit,
    clock,
    ids,
    log,
    metrics,
    openApi,
    clientAddress,
    shutdown: serving.shutdown,
    config: {
      maxRequestBytes: config.maxRequestBytes,
      sseRetryMs: config.sseRetryMs,
      ssePingIntervalS: config.ssePingIntervalS,
    },
  });
  const { tlsCertFile: certFile, tlsKeyFile: keyFile } = config;
  const tls = certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : undefined;
  const server = createServer({
    config: {
      host: config.host,
      port: config.port,
      maxRequestBytes: config.maxRequestBytes,
      maxConnections: config.maxConnections,
      corsAllowedOrigins: config.corsAllowedOrigins,
      shutdownGraceMs: config.shutdownGraceS * 1000,
      ...(tls && { tls }),
    },
    routes,
    interceptors,
    serving,
    gateway,
    clientAddress,
    clock,
    log,
    metrics,
  });

  return {
    models: defaults,
    async listen() {
      const address = await server.listen();
      jobs.start();
      return urlOf(address, tls ? "https" : "http");
    },
    stop: () =>
      stopInOrder({
        server,
        jobs,
        booking,
        ...(queue && { queue }),
        store,
        clock,
        log,
        graceMs: config.shutdownGraceS * 1000,
      }),
  };
}

/** So much of the grace is kept for the end of runs whose answers could not be recorded. */
const LAST_WRITES_MS = 1_000;

/** What is stopped, outermost first: nothing may use what has been let go. */
interface Parts {
  readonly server: Server;
  readonly jobs: Jobs;
  readonly booking: AbortController;
  readonly queue?: JobQueue;
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Logger;
  readonly graceMs: number;
}

async function stopInOrder(parts: Parts): Promise<void> {
  const { server, jobs, booking, queue, store, clock, log, graceMs } = parts;
  const patience = new AbortController();
  const drained = new AbortController();
  const abortAfter = (ms: number, controller: AbortController, why: string) =>
    clock.sleep(ms, drained.signal).then(
      () => controller.abort(new Error(why)),
      () => undefined,
    );
  const timeouts = [
    abortAfter(
      Math.max(0, graceMs - LAST_WRITES_MS),
      booking,
      "answers could not be recorded within the grace",
    ),
    abortAfter(graceMs, patience, "the runs did not end within the grace"),
  ];
  const step = (what: string, work: Promise<void>) =>
    work.catch((error: unknown) => log.warn("stop_failed", { what }, error));
  await Promise.all([
    step("server", server.stop()),
    step("jobs", jobs.drain(patience.signal, booking.signal)),
  ]);
  drained.abort(new Error("everything has ended"));
  await Promise.all(timeouts);
  jobs.close();
  if (queue !== undefined) await step("queue", queue.stop());
  await step("store", store.close());
}

/** Jobs of an embedded store are this process's alone; over Postgres the roles share them out. */
function handOutOf({ role }: Config, queue: JobQueue | undefined): HandOut {
  if (queue === undefined) return { kind: "alone" };
  return role === "api" ? { kind: "elsewhere" } : { kind: "queue", queue };
}

/** Rejects with `storage_unavailable` where the store does not answer in time. */
async function pingWithin(limitMs: number, store: Store, clock: Clock): Promise<void> {
  const answered = new AbortController();
  const late = clock.sleep(limitMs, answered.signal).then(() => {
    throw new AppError("storage_unavailable", "The storage does not answer. Try again in a moment.", {
      retryAfterMs: limitMs,
    });
  });
  late.catch(() => undefined);
  await Promise.race([store.ping(), late]).finally(() => answered.abort());
}

function urlOf({ address, family, port }: AddressInfo, scheme: string): string {
  const host = family === "IPv6" ? `[${address}]` : address;
  return `${scheme}://${host}:${port}`;
}
