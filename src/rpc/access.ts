import { type DescMethod, getOption, hasOption } from "@bufbuild/protobuf";
import { MethodOptions_IdempotencyLevel } from "@bufbuild/protobuf/wkt";
import { rest_method } from "../../gen/ts/gepa/v1/rest_options_pb.ts";
import { Health } from "../../gen/ts/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../gen/ts/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionAlpha } from "../../gen/ts/grpc/reflection/v1alpha/reflection_pb.ts";

/** Services that probes and tools call without a token. */
const OPEN_SERVICES: ReadonlySet<string> = new Set(
  [Health, ServerReflection, ServerReflectionAlpha].map((service) => service.typeName),
);

/** Whether anyone may call the method: no token is asked for, nothing is counted, and a draining server still answers. */
export function isOpen(method: DescMethod): boolean {
  if (OPEN_SERVICES.has(method.parent.typeName)) return true;
  return hasOption(method, rest_method) && getOption(method, rest_method).open;
}

/** Whether the method changes something: every unary one that does not declare itself free of side effects. */
export function isWrite(method: DescMethod): boolean {
  return (
    method.methodKind === "unary" && method.idempotency !== MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS
  );
}

/** The method as it stands in logs and metrics: one of a small closed set. */
export function methodName(method: DescMethod): string {
  return `${method.parent.typeName}/${method.name}`;
}
