/** What a secret shows in logs, JSON and debuggers. */
const REDACTED = "[redacted]";

/** A value that prints as "[redacted]" however it is printed; {@link Secret.reveal} is the only way to it. */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The value itself: for the one call that needs it, never for a message. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  /** What `node:util` inspect, and so every debugger and assertion message, prints. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return REDACTED;
  }
}
