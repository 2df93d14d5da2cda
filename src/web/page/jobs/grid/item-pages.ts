import { type ReadonlySignal, signal } from '@preact/signals';

import type { ItemPage, ItemSummary } from '../job-types.js';

/** Small, so that the grid is there at once. */
const FIRST_PAGE = 100;
/** Large, so that a jump to the end of a large job takes few requests. */
const NEXT_PAGE = 500;

/** The items that a filter finds, loaded page by page, because a page needs the cursor of the one before. */
export interface ItemPages {
  readonly items: ReadonlySignal<readonly ItemSummary[]>;
  /** Number of items that the filter finds; `null` before the first page. */
  readonly total: ReadonlySignal<number | null>;
  /** Why the last page could not be loaded; `null` after a success. */
  readonly error: ReadonlySignal<unknown>;
  /** Loads pages until there are `count` items. Calls during a load raise its target. */
  readonly load: (count: number) => Promise<void>;
  /** Replaces an item that was loaded before. */
  readonly put: (item: ItemSummary) => void;
}

/** @param request fetches a page behind a cursor; `null` for the first page. */
export function createItemPages(
  request: (cursor: string | null, limit: number) => Promise<ItemPage>,
): ItemPages {
  const items = signal<readonly ItemSummary[]>([]);
  const total = signal<number | null>(null);
  const error = signal<unknown>(null);
  let cursor: string | null = null;
  let wanted = 0;
  let loading: Promise<void> | undefined;

  async function loadPages(): Promise<void> {
    try {
      while (total.peek() === null || (cursor !== null && items.peek().length < wanted)) {
        const page = await request(cursor, cursor === null ? FIRST_PAGE : NEXT_PAGE);
        cursor = page.next_cursor;
        items.value = [...items.peek(), ...page.data];
        // Reviewed items leave a filter while it is read: the end of the list counts, not the number of its start.
        total.value = cursor === null ? items.peek().length : page.total;
      }
      error.value = null;
    } catch (failure) {
      error.value = failure;
    }
  }

  return {
    items,
    total,
    error,
    async load(count) {
      wanted = Math.max(wanted, count);
      loading ??= loadPages().finally(() => {
        loading = undefined;
      });
      await loading;
    },
    put(item) {
      const at = items.peek().findIndex(({ id }) => id === item.id);
      if (at >= 0) items.value = items.peek().with(at, item);
    },
  };
}
