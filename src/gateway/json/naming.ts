import { type DescEnum, type DescField, type DescMessage, getOption } from "@bufbuild/protobuf";
import {
  rest_field,
  rest_message,
  type RestField,
  type RestMessage,
} from "../../../gen/ts/gepa/v1/rest_options_pb.ts";

/** The options that say how a message looks over REST. */
export function messageOptions(desc: DescMessage): RestMessage {
  return getOption(desc, rest_message);
}

/** The options that say how a field looks over REST. */
export function fieldOptions(field: DescField): RestField {
  return getOption(field, rest_field);
}

/** The fields that REST shows, in the order of their declaration. */
export function visibleFields(desc: DescMessage): DescField[] {
  return desc.fields.filter(
    (field) => !fieldOptions(field).hidden && field.name !== foreignField(desc)?.name,
  );
}

/** The Struct field that takes a foreign object whole; it is not visible under its own name. */
export function foreignField(desc: DescMessage): DescField | undefined {
  const name = messageOptions(desc).foreignField;
  return name === "" ? undefined : desc.fields.find((field) => field.name === name);
}

/** The short lower-case name of an enum value: JOB_STATUS_RUNNING is "running"; undefined for 0 and unknown numbers. */
export function enumName(desc: DescEnum, number: number): string | undefined {
  return number === 0 ? undefined : shortNames(desc).get(number);
}

/** The number behind a short name; undefined where there is none. */
export function enumNumber(desc: DescEnum, name: string): number | undefined {
  for (const [number, short] of shortNames(desc)) if (number !== 0 && short === name) return number;
  return undefined;
}

/** The short names a caller may use, in the order of their declaration. */
export function enumNames(desc: DescEnum): string[] {
  return [...shortNames(desc)].filter(([number]) => number !== 0).map(([, name]) => name);
}

const cache = new WeakMap<DescEnum, ReadonlyMap<number, string>>();

function shortNames(desc: DescEnum): ReadonlyMap<number, string> {
  const known = cache.get(desc);
  if (known !== undefined) return known;
  const prefix = desc.sharedPrefix?.length ?? 0;
  const names = new Map(desc.values.map((value) => [value.number, value.name.slice(prefix).toLowerCase()]));
  cache.set(desc, names);
  return names;
}

/** The member name closest to a misspelt one, for "did you mean"; undefined where none is close. */
export function closest(name: string, candidates: readonly string[]): string | undefined {
  const plain = (text: string) => text.replaceAll(/[_-]/g, "").toLowerCase();
  let best: { name: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(plain(name).slice(0, MAX_COMPARED), plain(candidate));
    if (distance <= Math.ceil(candidate.length / 3) && distance < (best?.distance ?? Infinity)) {
      best = { name: candidate, distance };
    }
  }
  return best?.name;
}

/** Longer names are cut before they are compared: the comparison takes time in proportion to both lengths. */
const MAX_COMPARED = 64;

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, left] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, right] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (left === right ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
