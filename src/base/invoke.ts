import type { DescMethod, Message } from "@bufbuild/protobuf";

/** What an edge that is not an RPC protocol knows about a request. */
export interface InvokeContext {
  /** Aborts when the client goes away. */
  readonly signal: AbortSignal;
  /** Milliseconds the caller is willing to wait; absent for the server's own limit. */
  readonly timeoutMs?: number;
  /** The request's headers as they came in, the token among them. */
  readonly header: Headers;
  /** Address of the client, as the server decided it. */
  readonly clientAddress: string;
  /** The request's URL, absolute or as a path. */
  readonly url: string;
  readonly httpMethod: string;
}

/**
 * The answer. `header` are response headers that the service and its interceptors want sent, over any protocol; those
 * of a stream are complete when the promise resolves.
 */
export type InvokeResult =
  | {
      readonly kind: "unary";
      readonly header: Headers;
      readonly trailer: Headers;
      readonly message: Message;
    }
  | { readonly kind: "stream"; readonly header: Headers; readonly messages: AsyncIterable<Message> };

/**
 * Calls a method of the contract through the very implementation and interceptors that RPC clients reach.
 *
 * Rejects with an `AppError` only, and so do the messages of a stream; {@link errorHeader} gives the headers to send
 * with it. A stream resolves with its first message in hand, so that what refuses it still becomes a status. It must be
 * read to its end or given up by `return()`; it ends by itself when `signal` aborts.
 */
export type Invoke = (method: DescMethod, input: Message, context: InvokeContext) => Promise<InvokeResult>;

const errorHeaders = new WeakMap<object, Headers>();

/** Remembers the response headers that go with an error, such as the request id and the state of the rate limit. */
export function withErrorHeader<E extends object>(error: E, header: Headers): E {
  errorHeaders.set(error, header);
  return error;
}

/** The response headers that go with an error of {@link Invoke}; none for any other. */
export function errorHeader(error: unknown): Headers {
  return (typeof error === "object" && error !== null && errorHeaders.get(error)) || new Headers();
}
