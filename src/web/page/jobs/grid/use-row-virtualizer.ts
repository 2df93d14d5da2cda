import {
  observeWindowOffset,
  observeWindowRect,
  Virtualizer,
  windowScroll,
} from '@tanstack/virtual-core';
import { useEffect, useLayoutEffect, useReducer, useRef } from 'preact/hooks';

/** Rows rendered above and below the window, so that quick scrolling shows few gaps. */
const OVERSCAN = 4;

export interface VirtualRows {
  readonly rows: readonly { readonly index: number; readonly start: number }[];
  readonly totalHeight: number;
  /** Scrolls so that a row is in the window. */
  readonly scrollToRow: (index: number) => void;
}

interface RowOptions {
  readonly count: number;
  /** Pixels, with the gap below. */
  readonly rowHeight: number;
  /** Pixels between the top of the document and the list. */
  readonly top: number;
  /** Pixels at the top of the window that other elements cover. */
  readonly covered: number;
}

/** The rows of a long list that are in the window, or near it. All rows have the same height. */
export function useRowVirtualizer({ count, rowHeight, top, covered }: RowOptions): VirtualRows {
  const [, render] = useReducer((renders: number, more: number) => renders + more, 0);
  const kept = useRef<Virtualizer<Window, Element> | null>(null);
  const options = {
    count,
    estimateSize: () => rowHeight,
    scrollMargin: top,
    scrollPaddingStart: covered,
    scrollPaddingEnd: rowHeight / 4,
    overscan: OVERSCAN,
    getScrollElement: () => window,
    observeElementRect: observeWindowRect,
    observeElementOffset: observeWindowOffset,
    scrollToFn: windowScroll,
    initialOffset: () => scrollY,
    initialRect: { width: innerWidth, height: innerHeight },
    onChange: () => render(1),
  };
  kept.current ??= new Virtualizer<Window, Element>(options);
  const virtualizer = kept.current;
  virtualizer.setOptions(options);
  // Sizes are cached by row.
  useLayoutEffect(() => virtualizer.measure(), [rowHeight]);
  useLayoutEffect(() => virtualizer._willUpdate());
  useEffect(() => virtualizer._didMount(), []);
  return {
    rows: virtualizer.getVirtualItems().map(({ index, start }) => ({ index, start: start - top })),
    totalHeight: virtualizer.getTotalSize(),
    scrollToRow: (index) => virtualizer.scrollToIndex(index, { align: 'auto' }),
  };
}
