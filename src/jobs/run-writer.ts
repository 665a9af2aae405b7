import type { EngineEvent } from "../domain/event.ts";
import type { EngineStep } from "../engine/ports.ts";

/** Events that may wait for the write before them; then the engine waits too. */
const MAX_WAITING = 64;

/** What one write records. */
export interface RunBatch {
  readonly events: readonly EngineEvent[];
  /** Engine events among all recorded so far, after this write. */
  readonly engineOrdinal: number;
  readonly checkpoint?: string;
}

/** Writes the steps of a run in order, one write at a time; what comes during a write goes into the next. */
export interface RunWriter {
  /** Takes a step; waits only where too many are waiting already. Rejects once a write has failed. */
  push(step: EngineStep): Promise<void>;
  /**
   * Writes without a step, so that the job's row is brought up to date; where a write is on its way that one does it. A
   * failure is left to the next step's write to meet: nothing that must be kept is in this one.
   */
  touch(): void;
  /** Resolves when everything pushed is durable. */
  flush(): Promise<void>;
  /** Number of the last event pushed. */
  readonly ordinal: number;
}

/**
 * A writer after `ordinal` recorded events. `onFailure` hears of a failed write at once: the engine may be waiting
 * for a model and would find out only later.
 */
export function createRunWriter(
  write: (batch: RunBatch) => Promise<void>,
  ordinal: number,
  onFailure: (error: unknown) => void,
): RunWriter {
  let events: EngineEvent[] = [];
  let checkpoint: string | undefined;
  let writing: Promise<void> | undefined;
  let failed: { readonly error: unknown } | undefined;

  const waiting = () => events.length > 0 || checkpoint !== undefined;
  const takeBatch = (): RunBatch => {
    const batch = { events, engineOrdinal: ordinal, ...(checkpoint === undefined ? {} : { checkpoint }) };
    events = [];
    checkpoint = undefined;
    return batch;
  };
  const writeAll = async () => {
    try {
      while (waiting()) await write(takeBatch());
    } catch (error) {
      failed = { error };
      onFailure(error);
    } finally {
      writing = undefined; // in the same turn as the check above: no step can slip in between and wait for ever
    }
  };
  const writeNothing = async () => {
    await write({ events: [], engineOrdinal: ordinal }).catch(() => undefined);
    await writeAll(); // what was pushed meanwhile
  };
  const flush = async () => {
    while (failed === undefined && (writing !== undefined || waiting())) {
      writing ??= writeAll();
      await writing;
    }
    if (failed !== undefined) throw failed.error;
  };

  return {
    async push(step) {
      if (failed !== undefined) throw failed.error;
      if (step.kind === "event") {
        events.push(step.event);
        ordinal++;
      } else {
        checkpoint = encodeCheckpoint(step);
      }
      writing ??= writeAll();
      if (events.length >= MAX_WAITING) await flush();
    },
    touch() {
      if (failed === undefined && !waiting()) writing ??= writeNothing();
    },
    flush,
    get ordinal() {
      return ordinal;
    },
  };
}

/** A checkpoint as the store keeps it. */
export type Checkpoint = Omit<Extract<EngineStep, { kind: "checkpoint" }>, "kind">;

function encodeCheckpoint({ ordinal, state }: Checkpoint): string {
  return JSON.stringify({ ordinal, state } satisfies Checkpoint);
}

/** Reads what {@link createRunWriter} recorded. */
export function decodeCheckpoint(text: string): Checkpoint {
  return JSON.parse(text) as Checkpoint;
}
