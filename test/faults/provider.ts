import { onTestFinished } from "vitest";
import { digest } from "../../src/base/digest.ts";
import { ROLES, type Role } from "../../src/domain/spend.ts";
import { callKey } from "../../src/jobs/ledger.ts";
import type { ModelRequest } from "../../src/models/model.ts";
import { type ChatBody, startOpenAiServer } from "../support/openai-server.ts";
import { answerOf, shareOf } from "./answers.ts";
import { pause } from "./program.ts";

/**
 * Samples of one request that are told apart: a proposal has two of its own, and the jobs whose calls are counted make
 * forty proposals; a judge is asked a few times for its noise, and again where it stumbles.
 */
const MAX_SAMPLES = 96;

/** One call that reached the provider. */
export interface SeenCall {
  /** Equal for calls of equal content; samples of one request are alike on the wire. */
  readonly content: string;
  readonly body: ChatBody;
  /** The life that made it; what a killed process has sent may arrive after its death. */
  readonly life: number;
  /** When it arrived, by the machine's clock. */
  readonly at: number;
  /** Set once its answer has been sent. */
  answered: boolean;
  /** Set where the service gave it up before it was answered. */
  dropped: boolean;
}

/** A model provider that counts. It lives in the test, so no fault of the service can touch its books. */
export interface Provider {
  /** Settings that make a service use it for every role; the life's number goes with every call, as its key. */
  env(life: number): Readonly<Record<string, string>>;
  /** Every call so far, in order of arrival. */
  readonly calls: readonly SeenCall[];
  /** Lets it answer at once from now on, so that what is left of a test is short; calls under way take their time. */
  hurry(): void;
  close(): Promise<void>;
}

/** How it answers. */
export interface ProviderOptions {
  /** Longest time an answer takes; each takes its own share of it, by its content. */
  readonly latencyMs: number;
}

/** Starts a provider whose every answer is a pure function of the request. */
export async function startProvider({ latencyMs }: ProviderOptions): Promise<Provider> {
  const calls: SeenCall[] = [];
  let longest = latencyMs;
  const server = await startOpenAiServer(async ({ body, headers }, _nth, gone) => {
    const call: SeenCall = {
      content: digest(body),
      body,
      life: lifeOf(headers.authorization),
      at: Date.now(),
      answered: false,
      dropped: false,
    };
    calls.push(call);
    gone.addEventListener("abort", () => {
      call.dropped = true;
    });
    await pause(Math.ceil(longest * shareOf(call.content)));
    call.answered = true;
    return answerOf(roleOf(body), requestOf(body).messages);
  });
  onTestFinished(() => server.close());
  return {
    env: (life) => ({
      OPENAI_BASE_URL: server.baseUrl,
      OPENAI_API_KEY: `life-${life}`,
      TARGET_MODEL_DEFAULT: "openai/target",
      JUDGE_MODEL_ID: "openai/judge",
      REFLECTION_MODEL_ID: "openai/reflection",
    }),
    calls,
    hurry() {
      longest = 0;
    },
    close: server.close,
  };
}

function lifeOf(authorization: string | undefined): number {
  return Number(/^Bearer life-(\d+)$/.exec(authorization ?? "")?.[1]);
}

/** The ledger keys that calls with this body may have been made under, one a sample index. */
export function keysOf(body: ChatBody): string[] {
  const request = requestOf(body);
  return Array.from({ length: MAX_SAMPLES }, (_, sampleIndex) =>
    callKey(roleOf(body), `openai:${body.model}`, { ...request, sampleIndex }),
  );
}

function roleOf({ model }: ChatBody): Role {
  const role = ROLES.find((name) => name === model);
  if (role === undefined) throw new Error(`nobody should ask for the model ${model}`);
  return role;
}

/** The call that was made of this body, but for its sample index. */
function requestOf(body: ChatBody): ModelRequest {
  const schema = body.response_format?.json_schema;
  return {
    messages: body.messages as ModelRequest["messages"],
    maxTokens: body.max_tokens ?? 0,
    ...(body.temperature === undefined ? {} : { temperature: body.temperature }),
    ...(schema === undefined
      ? {}
      : {
          responseSchema: {
            name: schema.name,
            schema: schema.schema as Readonly<Record<string, unknown>>,
          },
        }),
    sampleIndex: 0,
  };
}
