import { type ContextValues, createContextKey } from "@connectrpc/connect";
import type { Caller } from "../jobs/use-cases.ts";

/** Name of the protocol of calls that come through the gateway. */
export const REST_PROTOCOL = "rest";

/** Address of the client, set by whoever accepted the request. */
export const clientAddressKey = createContextKey("unknown", { description: "client address" });

/** Protocol of the request where its content type does not tell it; set by the gateway's door. */
export const protocolKey = createContextKey("", { description: "protocol" });

/** Id of the request, set by the outermost interceptor. */
export const requestIdKey = createContextKey("", { description: "request id" });

/** Who asks; absent for methods that are open to everyone. Set by the auth interceptor. */
export const callerKey = createContextKey<Caller | undefined>(undefined, { description: "caller" });

/** Headers that interceptors want on the answer, be it a success or an error. */
export const answerHeaderKey = createContextKey<Headers | undefined>(undefined, {
  description: "headers of the answer",
});

/** The headers to add to the answer of this request, made on first use. */
export function answerHeader(values: ContextValues): Headers {
  const known = values.get(answerHeaderKey);
  if (known !== undefined) return known;
  const header = new Headers();
  values.set(answerHeaderKey, header);
  return header;
}

/** Who asks. A method that asks for it and is open to everyone is a fault in this program. */
export function callerOf(context: { readonly values: ContextValues }): Caller {
  const caller = context.values.get(callerKey);
  if (caller === undefined) throw new Error("the auth interceptor did not run");
  return caller;
}
