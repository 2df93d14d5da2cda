import type { CachePlane, PlaneData } from './cache-planes.js';

/** A slot of a plane as lines, in each of which one position follows the other with `run` values. */
export function linesOf({ layout, heads, width }: CachePlane): { lines: number; run: number } {
  return layout === 'rows' ? { lines: heads, run: width } : { lines: heads * width, run: 1 };
}

/** Brings `lines` lines from one length to another where they are: what is behind the shorter is lost, or unknown. */
export function moveLines(data: PlaneData, lines: number, from: number, to: number): void {
  if (from === to) return;
  const kept = Math.min(from, to);
  // A line must not be written over before it is read.
  const [first, end, step] = to > from ? [lines - 1, -1, -1] : [0, lines, 1];
  for (let line = first; line !== end; line += step) {
    data.copyWithin(line * to, line * from, line * from + kept);
  }
}

/**
 * Forgets what memory that is used again held behind the `kept` lines that grew, and behind them: a mask hides any number,
 * but nothing that is not a number.
 */
export function clearUnused(
  data: PlaneData,
  kept: number,
  from: number,
  to: number,
  lines: number,
): void {
  if (to > from) {
    for (let line = 0; line < kept; line++) data.fill(0, line * to + from, (line + 1) * to);
  }
  data.fill(0, kept * to, lines * to);
}

/** Where lines lie that have others, or nothing, between them. */
export interface Strided {
  readonly data: PlaneData;
  readonly start: number;
  /** Values from one line to the next. */
  readonly stride: number;
}

/** Below it a loop is faster than making views. */
const SHORT = 16;

/** Copies the first `length` values of so many lines. */
export function copyLines(from: Strided, to: Strided, lines: number, length: number): void {
  const [source, target] = [from.data, to.data];
  if (from.stride === length && to.stride === length) {
    // Lines without a gap are one.
    target.set(source.subarray(from.start, from.start + lines * length), to.start);
    return;
  }
  for (let line = 0; line < lines; line++) {
    const a = from.start + line * from.stride;
    const b = to.start + line * to.stride;
    if (length < SHORT) for (let i = 0; i < length; i++) target[b + i] = source[a + i] ?? 0;
    else target.set(source.subarray(a, a + length), b);
  }
}
