import type { Http2Session } from "node:http2";
import type { Clock } from "../../base/clock.ts";

/** Pause between two pings of a session. */
export const PING_INTERVAL_MS = 30_000;

/** Silence after a ping at which the peer counts as gone. */
export const PING_TIMEOUT_MS = 10_000;

/** One reason for all timers that are not needed any more. */
const ANSWERED = new Error("the ping was answered");

/** Asks a session every now and then whether its peer still lives; one that does not answer is destroyed. */
export function pingWhileOpen(session: Http2Session, clock: Clock): void {
  const stop = clock.every(PING_INTERVAL_MS, () => {
    if (session.destroyed) return;
    const answered = new AbortController();
    session.once("close", () => answered.abort(ANSWERED));
    clock.sleep(PING_TIMEOUT_MS, answered.signal).then(
      () => session.destroy(),
      () => undefined,
    );
    session.ping(() => answered.abort(ANSWERED));
  });
  session.once("close", stop);
}
