/**
 * Most bytes that the items of a page have as JSON. Common gRPC clients take messages of 4 MiB (4,194,304 bytes) unless
 * they are told otherwise, and no text of an item is sent more than twice: a prompt as a whole and by component.
 */
export const MAX_PAGE_BYTES = 2_000_000;

/** The beginning of a list. */
export interface Filled<T> {
  readonly items: readonly T[];
  /** The first item that is not on the page any more; undefined where the list ends with the page. */
  readonly next?: T;
}

/**
 * Takes items until there are `size` of them, or until one more would make the page larger than
 * {@link MAX_PAGE_BYTES}; the first is taken however large it is, so that every page gets on. Reads one item more than
 * it takes. `sent` is what of an item counts.
 */
export async function fillPage<T>(
  list: AsyncIterable<T> | Iterable<T>,
  size: number,
  sent: (item: T) => unknown = (item) => item,
): Promise<Filled<T>> {
  const items: T[] = [];
  let bytes = 0;
  for await (const item of list) {
    if (items.length === size) return { items, next: item };
    bytes += Buffer.byteLength(JSON.stringify(sent(item)));
    if (items.length > 0 && bytes > MAX_PAGE_BYTES) return { items, next: item };
    items.push(item);
  }
  return { items };
}
