/** The fields of a message that are set. */
export type Present<T> = { [K in keyof T as K extends `$${string}` ? never : K]: Exclude<T[K], undefined> };

/** The fields of a message that are set; those that are not are left out, which the type of an optional one allows. */
export function fieldsOf<T extends object>(message: T): Present<T> {
  const entries = Object.entries(message).filter(
    ([name, value]) => value !== undefined && !name.startsWith("$"),
  );
  return Object.fromEntries(entries) as Present<T>;
}
