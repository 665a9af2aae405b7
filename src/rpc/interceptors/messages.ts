/** What to do when a stream of messages ends. */
export interface StreamEnd {
  /** Turns what went wrong into what is thrown in its place. */
  readonly onError?: (error: unknown) => unknown;
  /** Called once, however it ends: read to the end, failed, or given up. */
  readonly onEnd?: (error: unknown) => void;
}

/** The same messages; pulls one at a time and passes `return()` on, so that the source is freed with its reader. */
export async function* watchEnd<T>(messages: AsyncIterable<T>, end: StreamEnd): AsyncGenerator<T> {
  let failure: unknown;
  try {
    yield* messages;
  } catch (error) {
    failure = end.onError?.(error) ?? error;
    throw failure;
  } finally {
    end.onEnd?.(failure);
  }
}
