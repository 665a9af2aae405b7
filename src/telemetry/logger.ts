import pino from "pino";
import type { Clock } from "../base/clock.ts";
import type { LogFields, Logger } from "../base/log.ts";

/** Least important lines that are written. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** What a logger is made of. */
export interface LoggerOptions {
  readonly level: LogLevel;
  readonly clock: Clock;
  /** Values that must never be printed, wherever in a line they turn up. */
  readonly secrets: readonly string[];
  /** Where the lines go, each with its line end; standard output where absent. */
  readonly write?: (line: string) => void;
}

/** Secrets shorter than this stay: taking "a" out of every line would hide the line, not the secret. */
const SHORTEST_REDACTED = 4;

/** Writes one JSON line a call: `level`, `time`, `event`, the fields, and for an error its type, message and stack. */
export function createLogger(options: LoggerOptions): Logger {
  const redact = redactor(options.secrets);
  const write = options.write ?? standardOutput();
  const root = pino(
    {
      level: options.level,
      base: null,
      messageKey: "event",
      errorKey: "error",
      timestamp: () => `,"time":"${new Date(options.clock.now()).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line) => write(redact(line)) },
  );
  return wrap(root);
}

function wrap(line: pino.Logger): Logger {
  return {
    debug: (event, fields) => line.debug({ ...fields }, event),
    info: (event, fields) => line.info({ ...fields }, event),
    warn: (event, fields, error) => line.warn(withError(fields, error), event),
    error: (event, fields, error) => line.error(withError(fields, error), event),
    child: (fields) => wrap(line.child({ ...fields })),
  };
}

function withError(fields: LogFields | undefined, error: unknown): object {
  if (error === undefined) return { ...fields };
  return { ...fields, error: error instanceof Error ? error : new Error(String(error)) };
}

/** Takes secrets out by value: a name-based filter misses a key that a provider repeats in an error message. */
function redactor(secrets: readonly string[]): (line: string) => string {
  const forms = secrets
    .filter((s) => s.length >= SHORTEST_REDACTED)
    .flatMap((s) => [s, JSON.stringify(s).slice(1, -1)])
    .sort((a, b) => b.length - a.length); // a secret that holds another one goes first
  return (line) => forms.reduce((text, form) => text.replaceAll(form, "[redacted]"), line);
}

/** A reader of the log that went away must not end the service: what can not be written is dropped. */
function standardOutput(): (line: string) => void {
  const stream = pino.destination({ dest: 1, sync: true });
  stream.on("error", () => undefined);
  return (line) => stream.write(line);
}
