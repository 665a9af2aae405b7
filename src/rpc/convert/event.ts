import { create } from "@bufbuild/protobuf";
import { AppError, invalidField } from "../../base/errors.ts";
import { EVENT_SCHEMA_VERSION, type EventType, type JobEvent } from "../../domain/event.ts";
import { type Event, EventSchema } from "../../../gen/ts/gepa/v1/event_pb.ts";
import type { WatchItem } from "../../jobs/use-cases.ts";
import { protoEventData } from "./event-data.ts";
import { timestamp } from "./time.ts";

/** A stored event. */
export function protoEvent(event: JobEvent): Event {
  return create(EventSchema, {
    id: BigInt(event.id),
    jobId: event.jobId,
    ts: timestamp(event.ts),
    schemaVersion: EVENT_SCHEMA_VERSION,
    data: protoEventData(event),
  });
}

/** The note that older events are gone. Its id is the one before the first that follows, so that it works as a cursor. */
export function protoTruncated(item: Extract<WatchItem, { kind: "truncated" }>): Event {
  return create(EventSchema, {
    id: BigInt(item.firstAvailable - 1),
    jobId: item.jobId,
    ts: timestamp(item.ts),
    schemaVersion: EVENT_SCHEMA_VERSION,
    data: { case: "truncated", value: { firstAvailable: BigInt(item.firstAvailable) } },
  });
}

const EVENT_TYPES: Readonly<Record<EventType, true>> = {
  started: true,
  generate: true,
  judge: true,
  select: true,
  progress: true,
  early_stop: true,
  paused: true,
  resumed: true,
  final: true,
  finished: true,
  failed: true,
  cancelled: true,
};

/** The event types a caller asked for; one that does not exist is refused by name. */
export function eventTypes(names: readonly string[]): EventType[] {
  return names.map((name, i) => {
    if (!Object.hasOwn(EVENT_TYPES, name)) {
      throw invalidField(`types[${i}]`, `is no event type; there are ${Object.keys(EVENT_TYPES).join(", ")}`);
    }
    return name as EventType;
  });
}

/** The cursor as a number; unset is 0, before the first event. One that no event can have is `invalid_cursor`. */
export function cursor(afterEventId: bigint | undefined): number {
  const after = Number(afterEventId ?? 0n);
  if (Number.isSafeInteger(after)) return after;
  const description = "lies beyond the last event";
  throw new AppError("invalid_cursor", `after_event_id: ${description}.`, {
    violations: [{ field: "after_event_id", description }],
  });
}
