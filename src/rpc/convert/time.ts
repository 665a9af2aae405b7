import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import type { Timestamp } from "@bufbuild/protobuf/wkt";

/** A Timestamp of milliseconds since the epoch; undefined stays undefined. */
export function timestamp(ms: number): Timestamp;
export function timestamp(ms: number | undefined): Timestamp | undefined;
export function timestamp(ms: number | undefined): Timestamp | undefined {
  return ms === undefined ? undefined : timestampFromMs(ms);
}
