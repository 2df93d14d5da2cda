import './item-grid.css';

import { useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';

import { t } from '../../locales/locale.js';
import type { JobFilter } from '../job-filter.js';
import { moveInGrid } from './grid-keys.js';
import { ItemCell } from './item-cell.js';
import type { ItemPages } from './item-pages.js';
import { useRowVirtualizer } from './use-row-virtualizer.js';

/** Pixels of a cell: its least width, its height below the picture, and the gap. */
const MIN_WIDTH = 172;
const TEXT_HEIGHT = 92;
const GAP = 12;
/** Height of a picture, in relation to its width. */
const PICTURE_RATIO = 0.75;
/** Cells that are loaded ahead of the window. */
const AHEAD = 60;

interface ItemGridProps {
  readonly job: string;
  readonly filter: JobFilter;
  readonly pages: ItemPages;
  /** The item whose cell is shown and can be reached with Tab: the one that was looked at last. */
  readonly startId: number | null;
}

/** The items of a job as a grid of cells. Only the cells in the window exist. */
export function ItemGrid({ job, filter, pages, startId }: ItemGridProps) {
  const root = useRef<HTMLDivElement>(null);
  const place = useSignal({ width: 0, top: 0 });
  const { items } = pages;
  const total = pages.total.value ?? 0;
  const startIndex = Math.max(0, startId === null ? 0 : indexOf(pages, startId));
  const current = useSignal(startIndex);
  /** The cell that receives the focus as soon as it exists. */
  const focusNext = useRef<number | null>(null);
  usePlace(root, place);

  const { width, top } = place.value;
  const columns = Math.max(1, Math.floor((width + GAP) / (MIN_WIDTH + GAP)));
  const cellWidth = (width - (columns - 1) * GAP) / columns;
  const pictureHeight = Math.round(cellWidth * PICTURE_RATIO);
  const rowHeight = pictureHeight + TEXT_HEIGHT + GAP;
  const { rows, totalHeight, scrollToRow } = useRowVirtualizer({
    count: width === 0 ? 0 : Math.ceil(total / columns),
    ...{ rowHeight, top, covered: GAP },
  });
  const last = ((rows.at(-1)?.index ?? 0) + 1) * columns;
  useEffect(() => {
    void pages.load(last + AHEAD);
  }, [pages, last]);
  // The grid opens where the person left it.
  useLayoutEffect(() => {
    if (width > 0 && startIndex > columns) scrollToRow(Math.floor(startIndex / columns));
  }, [pages, width > 0]);
  useLayoutEffect(() => {
    if (focusNext.current === null) return;
    const cell = root.current?.querySelector<HTMLElement>(`[data-index="${focusNext.current}"] a`);
    if (!cell) return;
    focusNext.current = null;
    cell.focus({ preventScroll: true });
  });
  return (
    <div
      ref={root}
      class="item-grid"
      style={{
        height: `${totalHeight}px`,
        '--columns': columns,
        '--picture': `${pictureHeight}px`,
      }}
      onKeyDown={(event) => {
        const next = moveInGrid(event.key, current.value, { columns, total });
        if (next === null || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        current.value = next;
        focusNext.current = next;
        scrollToRow(Math.floor(next / columns));
      }}
    >
      <ul class="item-grid-rows" aria-label={t().jobs.grid.title}>
        {rows.map(({ index, start }) =>
          Array.from({ length: Math.min(columns, total - index * columns) }, (_, column) => {
            const at = index * columns + column;
            return (
              <ItemCell
                key={at}
                {...{ job, filter, total }}
                item={items.value[at]}
                index={at}
                tabIndex={at === current.value ? 0 : -1}
                onFocus={() => {
                  current.value = at;
                }}
                style={{
                  transform: `translate(${column * (cellWidth + GAP)}px, ${start}px)`,
                  width: `${cellWidth}px`,
                  height: `${rowHeight - GAP}px`,
                }}
              />
            );
          }),
        )}
      </ul>
    </div>
  );
}

function indexOf({ items }: ItemPages, id: number): number {
  return items.peek().findIndex((item) => item.id === id);
}

/** Follows the width of the grid, and its distance from the top of the document. */
function usePlace(
  root: { readonly current: HTMLElement | null },
  place: { value: { readonly width: number; readonly top: number } },
): void {
  useLayoutEffect(() => {
    const element = root.current;
    if (!element) return undefined;
    const measure = () => {
      const box = element.getBoundingClientRect();
      const [width, top] = [element.clientWidth, Math.round(box.top + scrollY)];
      const known = place.value;
      if (width !== known.width || top !== known.top) place.value = { width, top };
    };
    measure();
    const observer = new ResizeObserver(measure);
    // The body too: what is above the grid may grow.
    observer.observe(element);
    observer.observe(document.body);
    return () => observer.disconnect();
  }, []);
}
