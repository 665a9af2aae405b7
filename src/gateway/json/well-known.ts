import type { DescMessage } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";

/** Whether the message is google.protobuf.Struct: any JSON object, which protobuf-es holds as one. */
export function isStruct(desc: DescMessage): boolean {
  return desc.typeName === "google.protobuf.Struct";
}

/** Whether the message is google.protobuf.Timestamp: over REST seconds since 1970, milliseconds after the point. */
export function isTimestamp(desc: DescMessage): boolean {
  return desc.typeName === "google.protobuf.Timestamp";
}

/** Seconds since 1970 with milliseconds after the point. */
export function epochSeconds(timestamp: Timestamp): number {
  return (Number(timestamp.seconds) * 1000 + Math.floor(timestamp.nanos / 1e6)) / 1000;
}

/** The timestamp of seconds since 1970, to the millisecond. */
export function timestampFrom(seconds: number): Timestamp {
  return timestampFromMs(Math.round(seconds * 1000));
}
