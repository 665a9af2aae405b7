import type { Socket } from "node:net";
import type { Clock } from "../../base/clock.ts";
import { protocolOf } from "./preface.ts";

/** None of Node's own timeouts covers a socket that no HTTP server has yet. */
export const DECISION_TIMEOUT_MS = 5_000;

/** One reason for all timers that are not needed any more. */
const DECIDED = new Error("the protocol is known");

/**
 * Reads the first bytes of a connection, puts them back, and says which protocol it speaks. A connection that says too
 * little within {@link DECISION_TIMEOUT_MS}, or ends before, is destroyed.
 */
export function sniff(socket: Socket, clock: Clock, decided: (protocol: "h1" | "h2") => void): void {
  const timer = new AbortController();
  let seen: Buffer = Buffer.alloc(0);
  const stop = () => {
    timer.abort(DECIDED);
    socket.off("readable", onReadable).off("end", giveUp).off("error", giveUp).off("close", stop);
  };
  const giveUp = () => {
    stop();
    socket.on("error", () => undefined); // a reset that is still on its way concerns nobody now
    socket.destroy();
  };
  const onReadable = () => {
    const chunk: Buffer | null = socket.read();
    if (chunk === null) return;
    seen = Buffer.concat([seen, chunk]);
    const protocol = protocolOf(seen);
    if (protocol === undefined) return;
    stop();
    socket.unshift(seen);
    decided(protocol);
  };
  socket.on("readable", onReadable).on("end", giveUp).on("error", giveUp).on("close", stop);
  clock.sleep(DECISION_TIMEOUT_MS, timer.signal).then(giveUp, () => undefined);
}
