/**
 * A copy without a prototype: names that callers choose find what was stored under them and nothing else, "constructor"
 * as well as any other.
 */
export function bare<T>(record: Readonly<Record<string, T>> = {}): Record<string, T> {
  return Object.assign(Object.create(null) as Record<string, T>, record);
}
