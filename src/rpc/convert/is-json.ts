/** What is wrong with a value that is no JSON, and what to do about it. */
export const NOT_JSON =
  "holds a number that is infinite or NaN, which JSON does not have; send a finite one, a text or null";

/**
 * Whether JSON can hold a value that came as a google.protobuf.Struct: the binary form has infinite numbers and NaN,
 * which would fail when they are written, or be stored as null.
 */
export function isJson(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const one = open.pop();
    if (typeof one === "number" && !Number.isFinite(one)) return false;
    if (typeof one === "object" && one !== null) for (const inner of Object.values(one)) open.push(inner);
  }
  return true;
}
