import { create, type DescMethod, type Message, type MessageInitShape } from "@bufbuild/protobuf";
import { expect } from "vitest";
import { AppError } from "../../src/base/errors.ts";
import type { InvokeResult } from "../../src/base/invoke.ts";
import type { TestRpc } from "./rpc-server.ts";

/** What a call may say about itself. */
export interface CallOptions {
  readonly header?: Readonly<Record<string, string>>;
  readonly clientAddress?: string;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** Calls a method as the gateway does, through all interceptors. */
export function call<M extends DescMethod>(
  rpc: TestRpc,
  method: M,
  input: MessageInitShape<M["input"]>,
  options: CallOptions = {},
): Promise<InvokeResult> {
  return rpc.invoke(method, create(method.input, input) as Message, {
    signal: options.signal ?? new AbortController().signal,
    header: new Headers(options.header),
    clientAddress: options.clientAddress ?? "192.0.2.1",
    url: "/v1/test",
    httpMethod: "POST",
    ...(options.timeoutMs !== undefined && { timeoutMs: options.timeoutMs }),
  });
}

/** The AppError that a call ends with. */
export async function refusal(called: Promise<unknown>): Promise<AppError> {
  const error = await called.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(AppError);
  return error as AppError;
}
