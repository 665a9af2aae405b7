import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { abortable } from "../../base/abort.ts";
import { AppError } from "../../base/errors.ts";
import {
  type Health,
  HealthCheckResponse_ServingStatus as Status,
} from "../../../gen/ts/grpc/health/v1/health_pb.ts";
import type { Serving } from "../serving.ts";

/** The name that stands for the server as a whole. */
const WHOLE_SERVER = "";

/**
 * grpc.health.v1: `Check` refuses a service it does not know, `Watch` answers SERVICE_UNKNOWN and stays open. All
 * services have the server's state, which turns to NOT_SERVING when it begins to shut down.
 */
export function healthService(services: readonly DescService[], serving: Serving) {
  const known = new Set([WHOLE_SERVER, ...services.map((service) => service.typeName)]);
  const status = () => (serving.accepting ? Status.SERVING : Status.NOT_SERVING);
  return {
    check({ service }) {
      if (!known.has(service)) {
        throw new AppError("not_found", "There is no service of that name.", { metadata: { service } });
      }
      return { status: status() };
    },

    async *watch({ service }, context) {
      if (!known.has(service)) {
        yield { status: Status.SERVICE_UNKNOWN };
        await abortable(new Promise<never>(() => undefined), context.signal);
      }
      for (;;) {
        // The wait begins before the state is told, so that no change falls between the two.
        const change = nextChange(serving, context.signal);
        yield { status: status() };
        await change;
      }
    },

    list() {
      const statuses = Object.fromEntries([...known].map((name) => [name, { status: status() }]));
      return { statuses };
    },
  } satisfies ServiceImpl<typeof Health>;
}

/** Resolves at the next change; rejects with the signal's reason when that aborts. Listens no longer than either. */
function nextChange(serving: Serving, signal: AbortSignal): Promise<void> {
  let stop = () => undefined as unknown;
  const change = new Promise<void>((resolve) => {
    stop = serving.onChange(resolve);
  });
  const waited = abortable(change, signal).finally(() => stop());
  waited.catch(() => undefined); // it may fail while the state before it is still being sent
  return waited;
}
