/** What is remembered of finished work before the oldest is forgotten: about as many characters as bytes of memory. */
const MAX_REMEMBERED_CHARACTERS = 32_000_000;
/** What an entry takes beside its texts. */
const ENTRY_CHARACTERS = 500;

/** Work by key that is done once however many ask for it, at the same time or later. */
export interface Memo<T> {
  /** The work under this key: remembered, under way, or begun now. Work that fails is forgotten. */
  once(key: string, work: () => Promise<T>): Promise<T>;
}

/**
 * A memo that forgets the oldest finished work when its texts grow beyond a bound. What is under way is never
 * forgotten. `charactersOf` says how large a result is.
 */
export function createMemo<T>(
  charactersOf: (result: T) => number,
  maxCharacters = MAX_REMEMBERED_CHARACTERS,
): Memo<T> {
  const underWay = new Map<string, Promise<T>>();
  const finished = new Map<string, { readonly result: T; readonly size: number }>();
  let total = 0;

  const remember = (key: string, result: T) => {
    const size = charactersOf(result) + ENTRY_CHARACTERS;
    finished.set(key, { result, size });
    total += size;
    for (const [oldest, entry] of finished) {
      if (total <= maxCharacters) break;
      finished.delete(oldest);
      total -= entry.size;
    }
  };
  const begin = async (key: string, work: () => Promise<T>): Promise<T> => {
    try {
      const result = await work();
      remember(key, result);
      return result;
    } finally {
      underWay.delete(key);
    }
  };
  return {
    once(key, work) {
      const known = finished.get(key);
      if (known) return Promise.resolve(known.result);
      const flight = underWay.get(key) ?? begin(key, work);
      underWay.set(key, flight);
      return flight;
    },
  };
}
