/** A queue between one writer, who never waits, and one reader. What follows the end is dropped. */
export interface EventStream<T> extends AsyncIterable<T> {
  push(event: T): void;
  end(): void;
  /** The reader gets what was pushed before, then the error. */
  fail(error: unknown): void;
}

/** Creates an open, empty stream. */
export function createEventStream<T>(): EventStream<T> {
  const events: T[] = [];
  let closed: { readonly error?: unknown } | undefined;
  let wake: (() => void) | undefined;

  function close(how: { readonly error?: unknown }) {
    closed ??= how;
    wake?.();
  }

  return {
    push(event) {
      if (closed) return;
      events.push(event);
      wake?.();
    },
    end: () => close({}),
    fail: (error) => close({ error }),
    async *[Symbol.asyncIterator]() {
      for (;;) {
        for (let event = events.shift(); event !== undefined; event = events.shift()) yield event;
        if (closed) {
          if ('error' in closed) throw closed.error;
          return;
        }
        await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
