import type { Clock } from "../base/clock.ts";
import { type HttpResponse, writeChunk } from "./http.ts";

/**
 * How long a reader may take nothing at all before it is cut off. It loses nothing: it comes back with its last id.
 * Long enough for a phone that changes networks, short enough not to hold memory for readers that are gone.
 */
export const SSE_STALL_TIMEOUT_MS = 30_000;

/** The reader took nothing for {@link SSE_STALL_TIMEOUT_MS}. */
export class StalledReaderError extends Error {
  override readonly name = "StalledReaderError";
}

/** Writes frames to one reader. Never more than one frame is held for it beyond the socket's own buffer. */
export interface EventWriter {
  /**
   * Writes one frame with one write and waits until there is room for the next. Rejects with the signal's reason once
   * that aborts, with {@link StalledReaderError} if the reader stops reading.
   */
  write(frame: string): Promise<void>;
  /** Writes a comment, unless the reader is behind: then there is no silence to break. */
  heartbeat(): void;
}

/** A writer on a response whose head is sent. `signal` aborts when the reader is gone or the stream is to end. */
export function createEventWriter(response: HttpResponse, clock: Clock, signal: AbortSignal): EventWriter {
  let isFull = false;
  response.on("drain", () => {
    isFull = false;
  });

  // Waiting for "drain" alone would hang for ever once the socket is gone; the signal covers close and error.
  const room = () =>
    new Promise<void>((resolve, reject) => {
      const timer = new AbortController();
      const settle = (finish: () => void) => {
        response.off("drain", onDrain);
        signal.removeEventListener("abort", onAbort);
        timer.abort();
        finish();
      };
      const onDrain = () => settle(resolve);
      const onAbort = () => settle(() => reject(signal.reason));
      const onStall = () => settle(() => reject(new StalledReaderError("The reader takes nothing.")));
      if (signal.aborted) return reject(signal.reason);
      response.on("drain", onDrain);
      signal.addEventListener("abort", onAbort, { once: true });
      clock.sleep(SSE_STALL_TIMEOUT_MS, timer.signal).then(onStall, () => undefined);
    });

  return {
    async write(frame) {
      if (isFull) await room(); // a heartbeat filled the buffer
      isFull = !writeChunk(response, frame);
      if (isFull) await room();
    },
    heartbeat() {
      if (!isFull && !signal.aborted) isFull = !writeChunk(response, ":\n\n");
    },
  };
}
