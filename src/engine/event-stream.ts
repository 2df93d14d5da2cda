/** An unbounded queue between one writer and one reader. Events after the end are dropped. */
export interface EventStream<T> extends AsyncIterable<T> {
  push(event: T): void;
  end(): void;
  /** The reader receives the earlier events, then the error. */
  fail(error: unknown): void;
}

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
