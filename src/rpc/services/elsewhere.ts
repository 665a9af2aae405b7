import type { DescService } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { AppError } from "../../base/errors.ts";

/** A service of which this node knows only that others serve it: every call is refused, with the remedy. */
export function servedElsewhere(service: DescService): Partial<ServiceImpl<DescService>> {
  const refusal = () =>
    new AppError(
      "not_implemented",
      "This node runs jobs and answers no calls about them (SERVE_ROLE=worker). Call a node of the role api or all.",
    );
  const methods = Object.fromEntries(
    service.methods.map(({ localName, methodKind }) => [
      localName,
      methodKind === "server_streaming"
        ? // biome-ignore lint/correctness/useYield: a stream that is refused at once
          async function* refuse() {
            throw refusal();
          }
        : () => {
            throw refusal();
          },
    ]),
  );
  return methods as unknown as Partial<ServiceImpl<DescService>>; // of methods known at run time alone
}
