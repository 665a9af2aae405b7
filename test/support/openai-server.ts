import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** One request as it came over the wire. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: ChatBody;
}

/** The body of a chat completion request. */
export interface ChatBody {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
  readonly max_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly temperature?: number;
  readonly response_format?: {
    readonly type: string;
    readonly json_schema: { readonly name: string; readonly strict: boolean; readonly schema: unknown };
  };
}

/** What a handler decides: an answer in full, its text alone, or a way to misbehave. */
export type Reply =
  | string
  | { readonly json: unknown; readonly status?: number; readonly headers?: Readonly<Record<string, string>> }
  | { readonly raw: string | Buffer; readonly status?: number }
  /** Announces more than it sends, then closes. */
  | { readonly truncated: string }
  /** Closes the connection without an answer. */
  | { readonly reset: true }
  /** Never answers; the connection stays open. */
  | { readonly silent: true };

/** Decides the answer to a request by its content; `nth` counts requests from 1, `gone` aborts where the client leaves before. */
export type ChatHandler = (request: SeenRequest, nth: number, gone: AbortSignal) => Reply | Promise<Reply>;

/** A scripted OpenAI-compatible server on loopback. */
export interface OpenAiServer {
  /** To configure as the base URL. */
  readonly baseUrl: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly SeenRequest[];
  close(): Promise<void>;
}

/** The body of an ordinary answer. */
export function completion(text: string, more: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1_700_000_000,
    model: "scripted",
    choices: [
      { index: 0, finish_reason: "stop", message: { role: "assistant", content: text, refusal: null } },
    ],
    usage: {
      prompt_tokens: 12,
      completion_tokens: 3,
      total_tokens: 15,
      prompt_tokens_details: { cached_tokens: 4 },
    },
    ...more,
  };
}

/** The answer of a provider that limits the rate. */
export function tooMany(headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    json: { error: { message: "slow down", type: "requests", code: "rate_limit_exceeded" } },
    status: 429,
    headers,
  };
}

/** Listens on a free port of the loopback interface and answers as `handler` says. */
export async function startOpenAiServer(handler: ChatHandler): Promise<OpenAiServer> {
  const requests: SeenRequest[] = [];
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error));
  });

  const answer = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const seen: SeenRequest = {
      method: incoming.method ?? "",
      path: incoming.url ?? "",
      headers: incoming.headers,
      body: JSON.parse(Buffer.concat(chunks).toString() || "{}") as ChatBody,
    };
    requests.push(seen);
    const gone = new AbortController();
    outgoing.once("close", () => {
      if (!outgoing.writableEnded) gone.abort();
    });
    send(outgoing, await handler(seen, requests.length, gone.signal));
  };

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    requests,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(outgoing: ServerResponse, reply: Reply): void {
  const json = { "content-type": "application/json" };
  if (typeof reply === "string") {
    outgoing.writeHead(200, json).end(JSON.stringify(completion(reply)));
  } else if ("json" in reply) {
    outgoing.writeHead(reply.status ?? 200, { ...json, ...reply.headers }).end(JSON.stringify(reply.json));
  } else if ("raw" in reply) {
    outgoing.writeHead(reply.status ?? 200, json).end(reply.raw);
  } else if ("truncated" in reply) {
    outgoing.writeHead(200, { ...json, "content-length": String(Buffer.byteLength(reply.truncated) + 100) });
    outgoing.write(reply.truncated, () => outgoing.destroy());
  } else if ("reset" in reply) {
    outgoing.destroy();
  }
}
