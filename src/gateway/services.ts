import { OptimizationService } from "../../gen/ts/gepa/v1/optimization_service_pb.ts";
import { SystemService } from "../../gen/ts/gepa/v1/system_service_pb.ts";

/** The services that REST serves. Of these, every method with a google.api.http annotation has a route. */
export const SERVICES = [OptimizationService, SystemService] as const;
