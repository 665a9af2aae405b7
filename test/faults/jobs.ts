import { fromJson, type JsonValue } from "@bufbuild/protobuf";
import { createParser } from "eventsource-parser";
import { EventSchema } from "../../gen/ts/gepa/v1/event_pb.ts";
import { restJson } from "../../src/gateway/json/print.ts";
import { grpcJsWatch } from "../clients/watchers.ts";
import { pause } from "./program.ts";

/** Where the service listens; it may be away for a while. */
export interface Address {
  readonly port: number;
  readonly url: string;
}

/** A job by its number: some hundreds of model calls, none of them shared with another number. */
export function specOf(desk: number, iterations = 8) {
  return {
    prompt: `You work at the desk ${desk}.`,
    examples: Array.from({ length: 16 }, (_, i) => ({
      input: `A customer at desk ${desk} asks question ${i}.`,
    })),
    config: { width: 4, early_stop_patience: 1000 },
    budget: { max_iterations: iterations },
    seed: desk,
  };
}

/** A job as REST shows it, as far as the tests look. */
export interface ShownJob {
  readonly job_id: string;
  readonly status: string;
  readonly last_event_id: number;
  readonly result?: unknown;
}

/** Creates a job. Rejects while the service is away. */
export function post(address: Address, spec: unknown, key?: string): Promise<Response> {
  return fetch(`${address.url}/v1/optimize`, {
    method: "POST",
    headers: { "content-type": "application/json", ...(key === undefined ? {} : { "idempotency-key": key }) },
    body: JSON.stringify(spec),
  });
}

/** Asks for a change of a job: `pause`, `resume` or `stop`; gives the job as it stands then. */
export async function tellJob(address: Address, id: string, verb: string): Promise<ShownJob> {
  const answer = await fetch(`${address.url}/v1/optimize/${id}/${verb}`, { method: "POST" });
  if (!answer.ok) throw new Error(`${verb} ${id}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as ShownJob;
}

/** Creates a job whatever becomes of the service meanwhile: repeats the call under its key until it is answered. */
export async function createSurely(address: Address, spec: unknown, key: string): Promise<string> {
  for (;;) {
    const answer = await post(address, spec, key).catch(() => undefined);
    if (answer?.status === 201) {
      const job = await answer.json().catch(() => undefined); // the answer may break off, too
      if (job !== undefined) return (job as ShownJob).job_id;
    } else if (answer !== undefined && ![409, 503].includes(answer.status)) {
      throw new Error(`${answer.status}: ${await answer.text()}`);
    }
    await pause(20);
  }
}

/** A job now. */
export async function jobOf(address: Address, id: string): Promise<ShownJob> {
  return (await (await fetch(`${address.url}/v1/optimize/${id}`)).json()) as ShownJob;
}

/** One event as a watcher sees it: the JSON that stands on the wire. */
export interface SeenEvent {
  readonly id: number;
  readonly type: string;
  readonly data: string;
}

/** A watcher of one job; it comes back with its last id for as long as the job has not ended. */
export interface Watch {
  /** What it has been shown so far, in order. */
  readonly seen: readonly SeenEvent[];
  /** When it was shown each, by the machine's clock. */
  readonly times: readonly number[];
  /** Resolves when the job has ended; rejects where the service refuses the watch. */
  readonly ended: Promise<void>;
}

/** Wait of a watcher before it comes back. */
const COME_BACK_MS = 30;

const TERMINAL = ["finished", "failed", "cancelled"];

function newSight() {
  const seen: SeenEvent[] = [];
  const times: number[] = [];
  const show = (event: SeenEvent) => {
    seen.push(event);
    times.push(Date.now());
  };
  return { seen, times, show };
}

/** Watches over server-sent events. */
export function watchSse(address: Address, jobId: string): Watch {
  const { seen, times, show } = newSight();
  const over = () => TERMINAL.includes(seen.at(-1)?.type ?? "");
  const watchOnce = async () => {
    const last = seen.at(-1)?.id;
    const headers = last === undefined ? {} : { "last-event-id": String(last) };
    const response = await fetch(`${address.url}/v1/optimize/${jobId}/events`, { headers });
    if (response.status >= 400 && response.status !== 503) {
      throw new RefusedWatchError(`${jobId} after ${last}: ${response.status} ${await response.text()}`);
    }
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        if (id !== undefined) show({ id: Number(id), type: event ?? "", data });
      },
    });
    const text = new TextDecoder();
    if (response.ok)
      for await (const part of response.body ?? []) parser.feed(text.decode(part, { stream: true }));
  };
  return { seen, times, ended: watchOn(over, watchOnce) };
}

/** Watches over gRPC. Its events are kept in the form of the other watchers. */
export function watchGrpc(address: Address, jobId: string): Watch {
  const { seen, times, show } = newSight();
  const over = () => TERMINAL.includes(seen.at(-1)?.type ?? "");
  const watchOnce = async () => {
    const last = seen.at(-1)?.id;
    const after = last === undefined ? {} : { after: last };
    await grpcJsWatch({ service: address, jobId, ...after }, (event) => show(asOnRest(event))).catch(
      (error: { readonly code?: number; readonly message?: string }) => {
        if ([3, 5, 9, 13].includes(error.code ?? 0))
          throw new RefusedWatchError(`${jobId}: ${error.message}`);
      },
    );
  };
  return { seen, times, ended: watchOn(over, watchOnce) };
}

/** The service is there and does not take the watch: its log or its cursor has been lost. */
class RefusedWatchError extends Error {
  override readonly name = "RefusedWatchError";
}

function asOnRest(event: JsonValue): SeenEvent {
  const printed = restJson(EventSchema, fromJson(EventSchema, event));
  return { id: Number(printed.id), type: String(printed.type), data: JSON.stringify(printed) };
}

async function watchOn(over: () => boolean, watchOnce: () => Promise<void>): Promise<void> {
  while (!over()) {
    await watchOnce().catch((error: unknown) => {
      if (error instanceof RefusedWatchError) throw error; // all else is the service being away
    });
    if (!over()) await pause(COME_BACK_MS);
  }
}

/** The whole log of an ended job. */
export async function logOf(address: Address, jobId: string): Promise<readonly SeenEvent[]> {
  const { seen, ended } = watchSse(address, jobId);
  await ended;
  return seen;
}

/** What determinism exempts: names and times, and what the calls cost. */
const EXEMPT = ["ts", "job_id", "timing", "spend"];

/** A value of the wire without what may differ between two runs of one job. */
export function decisionsIn(json: string): unknown {
  return JSON.parse(json, (key, value: unknown) => (EXEMPT.includes(key) ? undefined : value));
}
