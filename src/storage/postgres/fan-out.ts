import type pg from "pg";
import { isAbort } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/log.ts";
import { createLocalTopic, type FanOut, type LocalTopic, type Topic } from "../fan-out.ts";

/** What the fan-out works with. */
export interface PostgresFanOutOptions {
  /** A connection of its own, not connected yet. */
  readonly newClient: () => pg.Client;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The channel of each kind of news. */
const CHANNELS = { appended: "gepa_append", changed: "gepa_change" } as const;

type Kind = keyof typeof CHANNELS;

const KINDS = Object.keys(CHANNELS) as readonly Kind[];

/** News of this long go out together: commits that NOTIFY queue up across the whole server, so there must be few. */
const COALESCE_MS = 5;

/** Postgres refuses a payload of 8,000 bytes. */
const MAX_PAYLOAD_BYTES = 7_999;

/** Jobs whose news of one kind may wait while the connection is away; what is dropped is found by polls. */
const MAX_WAITING_JOBS = 10_000;

/** Pause before the connection is tried again. */
const RECONNECT_MS = 1_000;

/** How often the connection is asked whether it lives; a peer that vanished says nothing by itself. */
const PROBE_MS = 30_000;

/**
 * A fan-out between the nodes of one database, over one connection that both LISTENs and NOTIFYs. Within the process
 * news go directly. Between processes they are only a hint: a lost one costs watchers the wait until their next poll.
 * Resolves once it listens; later losses of the connection are mended in the background.
 */
export async function createPostgresFanOut(options: PostgresFanOutOptions): Promise<FanOut> {
  const { newClient, clock, log } = options;
  const local: Readonly<Record<Kind, LocalTopic>> = {
    appended: createLocalTopic(log),
    changed: createLocalTopic(log),
  };
  const stop = new AbortController();
  const waiting: Record<Kind, Map<string, number>> = { appended: new Map(), changed: new Map() };
  let current: pg.Client | undefined;
  let sending: Promise<void> | undefined;

  async function connect(): Promise<pg.Client> {
    const client = newClient();
    client.on("error", () => undefined); // "end" follows, and is what counts
    client.on("notification", ({ processId, channel, payload }) => {
      if (processId === undefined || processId === ownPid(client)) return; // already told
      const kind = KINDS.find((k) => CHANNELS[k] === channel);
      if (kind === undefined) return;
      for (const [jobId, lastEventId] of parsePayload(payload ?? "")) local[kind].publish(jobId, lastEventId);
    });
    try {
      await client.connect();
      for (const kind of KINDS) await client.query(`LISTEN ${CHANNELS[kind]}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    return client;
  }

  async function keepConnected(first: pg.Client): Promise<void> {
    let client: pg.Client | undefined = first;
    while (!stop.signal.aborted) {
      if (client !== undefined) {
        current = client;
        await untilLost(client);
        current = undefined;
        if (stop.signal.aborted) return;
        log.warn("fan_out_connection_lost");
      }
      await clock.sleep(RECONNECT_MS, stop.signal);
      client = await connect().catch((error: unknown) => {
        log.debug("fan_out_connect_failed", { error: String(error) });
        return undefined;
      });
      if (client !== undefined) log.info("fan_out_connection_mended");
    }
    await client?.end();
  }

  async function untilLost(client: pg.Client): Promise<void> {
    const end = () => void client.end().catch(() => undefined);
    const endProbes = clock.every(PROBE_MS, () => {
      client.query("SELECT 1").catch(end);
    });
    stop.signal.addEventListener("abort", end, { once: true });
    await new Promise<void>((resolve) => client.once("end", () => resolve()));
    stop.signal.removeEventListener("abort", end);
    endProbes();
  }

  async function send(): Promise<void> {
    try {
      while (KINDS.some((kind) => waiting[kind].size > 0)) {
        await clock.sleep(COALESCE_MS, stop.signal);
        for (const kind of KINDS) {
          const news = waiting[kind];
          waiting[kind] = new Map();
          for (const payload of payloadsOf(news)) {
            await current?.query("SELECT pg_notify($1, $2)", [CHANNELS[kind], payload]);
          }
        }
      }
    } catch (error) {
      if (!isAbort(error, stop.signal)) log.debug("fan_out_notify_failed", { error: String(error) });
    } finally {
      sending = undefined;
    }
  }

  const connection = keepConnected(await connect()).catch((error: unknown) => {
    if (!isAbort(error, stop.signal)) log.error("fan_out_failed", {}, error);
  });

  const topic = (kind: Kind): Topic => ({
    publish(jobId, lastEventId) {
      local[kind].publish(jobId, lastEventId);
      const news = waiting[kind];
      if (news.size >= MAX_WAITING_JOBS && !news.has(jobId)) return;
      news.set(jobId, Math.max(lastEventId, news.get(jobId) ?? 0));
      sending ??= send();
    },
    subscribe: local[kind].subscribe,
  });

  return {
    appended: topic("appended"),
    changed: topic("changed"),
    async close() {
      stop.abort();
      await Promise.all([connection, sending]);
      for (const kind of KINDS) local[kind].close();
    },
  };
}

/** Server process of a connection, which notifications name as their sender. `pg` has it, its types do not. */
function ownPid(client: pg.Client): number {
  return (client as pg.Client & { readonly processID: number }).processID;
}

/** News as `job:lastEventId,…`, in as many payloads as it takes. Job ids hold neither `:` nor `,`. */
export function payloadsOf(news: ReadonlyMap<string, number>): string[] {
  const payloads: string[] = [];
  let payload = "";
  for (const [jobId, lastEventId] of news) {
    const item = `${jobId}:${lastEventId}`;
    if (Buffer.byteLength(payload) + Buffer.byteLength(item) + 1 > MAX_PAYLOAD_BYTES) {
      payloads.push(payload);
      payload = "";
    }
    payload += payload === "" ? item : `,${item}`;
  }
  if (payload !== "") payloads.push(payload);
  return payloads;
}

/** What {@link payloadsOf} wrote; items of another form, as another version might write, are passed over. */
export function parsePayload(payload: string): [jobId: string, lastEventId: number][] {
  return [...payload.matchAll(/([^:,]+):(\d+)/g)].map(([, jobId, id]) => [String(jobId), Number(id)]);
}
