import type { DescService } from "@bufbuild/protobuf";
import type { ConnectRouter, ServiceImpl } from "@connectrpc/connect";
import { OptimizationService } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { SystemService } from "../../gen/ts/gepa/v1/system_service_pb.ts";
import { Health } from "../../gen/ts/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";
import type { UseCases } from "../jobs/use-cases.ts";
import { servedElsewhere } from "./services/elsewhere.ts";
import { healthService } from "./services/health.ts";
import { optimizationService } from "./services/optimization.ts";
import { createReflectionIndex } from "./services/reflection-index.ts";
import { reflectionAlphaService, reflectionService } from "./services/reflection.ts";
import { type SystemPorts, systemService } from "./services/system.ts";
import type { Serving } from "./serving.ts";

/** What the services need. */
export interface RouteDeps {
  /** Absent on a node that answers no calls about jobs. */
  readonly useCases?: UseCases;
  readonly system: SystemPorts;
  readonly serving: Serving;
}

/** A service and its implementation. */
export interface Route {
  readonly service: DescService;
  readonly impl: Partial<ServiceImpl<DescService>>;
}

/** The pair is checked here; kept together in one list, the types of the pairs can not be told apart any more. */
function route<S extends DescService>(service: S, impl: ServiceImpl<S>): Route {
  return { service, impl: impl as unknown as Route["impl"] };
}

/** Every service of this server, made once and reached through every protocol. */
export function createRoutes({ useCases, system, serving }: RouteDeps): readonly Route[] {
  const ours = useCases === undefined ? [SystemService] : [OptimizationService, SystemService];
  const index = createReflectionIndex([...ours, Health, ServerReflection, ServerReflectionAlpha]);
  return [
    useCases === undefined
      ? { service: OptimizationService, impl: servedElsewhere(OptimizationService) }
      : route(OptimizationService, optimizationService(useCases)),
    route(SystemService, systemService(system, serving)),
    route(Health, healthService(ours, serving)),
    route(ServerReflection, reflectionService(index)),
    route(ServerReflectionAlpha, reflectionAlphaService(index)),
  ];
}

/** Puts the services on a Connect router. */
export function registerRoutes(router: ConnectRouter, routes: readonly Route[]): void {
  for (const { service, impl } of routes) router.service(service, impl);
}
