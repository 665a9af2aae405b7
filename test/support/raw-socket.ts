import { connect, type Socket } from "node:net";

/** A plain TCP client whose every byte is in the test's hand. */
export interface RawSocket {
  readonly socket: Socket;
  /** Writes and resolves once the kernel has it. */
  send(bytes: string | Buffer): Promise<void>;
  /** Resolves with all that came, once it holds `text`; rejects if the connection closes before. */
  until(text: string): Promise<string>;
  /** Resolves with all that came when the connection is closed. */
  closed(): Promise<string>;
}

/** Connects to a port of this machine. */
export async function openRawSocket(port: number): Promise<RawSocket> {
  const socket = connect({ host: "127.0.0.1", port, allowHalfOpen: true });
  let received = "";
  const watchers = new Set<() => void>();
  const changed = () => {
    for (const watcher of [...watchers]) watcher();
  };
  socket.on("data", (chunk) => {
    received += chunk.toString("latin1");
    changed();
  });
  socket.on("error", () => undefined); // "close" follows, and that is what tests wait for
  let isClosed = false;
  socket.on("end", () => socket.end());
  socket.on("close", () => {
    isClosed = true;
    changed();
  });
  const when = (done: () => boolean, refused: () => boolean) =>
    new Promise<string>((resolve, reject) => {
      const look = () => {
        if (!done() && !refused()) return;
        watchers.delete(look);
        if (done()) resolve(received);
        else reject(new Error(`the connection closed after: ${received}`));
      };
      watchers.add(look);
      look();
    });
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    socket,
    send: (bytes) => new Promise((resolve) => socket.write(bytes, () => resolve())),
    until: (text) =>
      when(
        () => received.includes(text),
        () => isClosed,
      ),
    closed: () =>
      when(
        () => isClosed,
        () => false,
      ),
  };
}
