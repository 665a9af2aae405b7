import type { DescMethod, Message } from "@bufbuild/protobuf";
import {
  createContextValues,
  createHandlerContext,
  createServiceImplSpec,
  type Interceptor,
  type MethodImplSpec,
} from "@connectrpc/connect";
// Not under semantic versioning, hence the exact pin of the package: it is what every protocol's handler goes through.
import { createAsyncIterable, transformInvokeImplementation } from "@connectrpc/connect/protocol";
import { type Invoke, type InvokeContext, withErrorHeader } from "../base/invoke.ts";
import { answerHeader, clientAddressKey, protocolKey, REST_PROTOCOL } from "./context.ts";
import { appErrorOf } from "./errors.ts";
import type { Route } from "./routes.ts";
import type { Serving } from "./serving.ts";

/** What {@link createInvoke} needs: the same routes and interceptors that the RPC protocols have. */
export interface InvokeDeps {
  readonly routes: readonly Route[];
  readonly interceptors: Interceptor[];
  readonly serving: Serving;
}

/** The gateway's way to the services: same implementations, same interceptors, no serialisation in between. */
export function createInvoke({ routes, interceptors, serving }: InvokeDeps): Invoke {
  const specs = new Map<DescMethod, MethodImplSpec>(
    routes.flatMap(({ service, impl }) =>
      Object.values(createServiceImplSpec(service, impl).methods).map((spec) => [spec.method, spec] as const),
    ),
  );

  return async (method, input, context) => {
    const spec = specs.get(method);
    if (spec === undefined) throw new Error(`${method.parent.typeName}.${method.name} is not served`);
    const handlerContext = contextOf(method, context);
    const messages = transformInvokeImplementation(
      spec,
      handlerContext,
      interceptors,
    )(createAsyncIterable([input]))[Symbol.asyncIterator]();
    const fail = (error: unknown) => {
      handlerContext.abort(error);
      return withErrorHeader(appErrorOf(error, handlerContext.signal), answerHeader(handlerContext.values));
    };
    const pull = () =>
      messages.next().catch((error: unknown) => {
        throw fail(error);
      });

    const first = await pull();
    const header = handlerContext.responseHeader;
    if (spec.kind === "unary") {
      handlerContext.abort();
      return { kind: "unary", header, trailer: handlerContext.responseTrailer, message: first.value };
    }
    return { kind: "stream", header, messages: resumed(first, pull, giveUp) };

    async function giveUp() {
      handlerContext.abort(); // first, so that a wait inside the source ends and lets it return
      await messages.return?.();
    }
  };

  function contextOf(method: DescMethod, context: InvokeContext) {
    const values = createContextValues()
      .set(protocolKey, REST_PROTOCOL)
      .set(clientAddressKey, context.clientAddress);
    return createHandlerContext({
      service: method.parent,
      method,
      protocolName: REST_PROTOCOL,
      requestMethod: context.httpMethod,
      url: context.url,
      requestHeader: context.header,
      requestSignal: context.signal,
      shutdownSignal: serving.shutdown,
      contextValues: values,
      ...(context.timeoutMs !== undefined && { timeoutMs: context.timeoutMs }),
    });
  }
}

/** A stream of which one message was read already. No generator: `return()` must free the source before any `next()`. */
function resumed(
  first: IteratorResult<Message>,
  pull: () => Promise<IteratorResult<Message>>,
  giveUp: () => Promise<void>,
): AsyncIterable<Message> {
  let held: IteratorResult<Message> | undefined = first;
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const result = held ?? (await pull());
        held = undefined;
        if (result.done) await giveUp();
        return result;
      },
      async return() {
        held = undefined;
        await giveUp();
        return { done: true, value: undefined };
      },
    }),
  };
}
