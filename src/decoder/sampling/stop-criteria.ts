/** Released text, and the stop string that ended the stream. */
interface StopCheck {
  readonly text: string;
  /** `null`: the stream continues. */
  readonly stop: string | null;
}

/** Finds stop strings in a stream of text. */
export interface StopStringFilter {
  /** Adds text and releases the text that can no longer be part of a stop string. */
  push(text: string): StopCheck;
  /** Releases the text that is held back at the end of the stream. */
  end(): string;
}

/** Whether the text that ended an answer is removed from it. */
export type StopText = 'cut' | 'keep';

/**
 * Ends the stream at the first complete stop string, or the longest of several that end at the same position. The
 * result does not depend on the split of the stream. Empty stop strings are ignored.
 */
export function createStopStringFilter(
  stopStrings: readonly string[],
  stopText: StopText = 'cut',
): StopStringFilter {
  const stops = stopStrings.filter((stop) => stop !== '');
  let held = '';
  return {
    push(text) {
      held += text;
      const match = firstMatch(held, stops);
      if (match !== undefined) {
        const { start, end } = match;
        const shown = held.slice(0, stopText === 'cut' ? start : end);
        const stop = held.slice(start, end);
        held = '';
        return { text: shown, stop };
      }
      const shown = held.slice(0, held.length - undecidedLength(held, stops));
      held = held.slice(shown.length);
      return { text: shown, stop: null };
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

/** The match that ends first. */
function firstMatch(
  text: string,
  stops: readonly string[],
): { readonly start: number; readonly end: number } | undefined {
  let best: { start: number; end: number } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start === -1) continue;
    const end = start + stop.length;
    if (!best || end < best.end || (end === best.end && start < best.start)) best = { start, end };
  }
  return best;
}

/** Length of the longest suffix of the text that is a prefix of a stop string. */
function undecidedLength(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}

/** Longest cycle that is detected, in tokens. */
const MAX_CYCLE = 32;

/**
 * A cycle counts as a loop after 16 exact repetitions and at least 96 tokens. A row of dashes, a list of equal items or
 * a refrain stays below that.
 */
const MIN_REPETITIONS = 16;
const MIN_LOOP_TOKENS = 96;

/** Returns a function that takes one token id at a time and tells whether the last ids repeat an exact cycle. */
export function createLoopDetector(): (id: number) => boolean {
  const recent: number[] = [];
  // Per cycle length: consecutive ids that equal the id one cycle earlier.
  const runs = new Array<number>(MAX_CYCLE + 1).fill(0);
  return (id) => {
    let isLoop = false;
    for (let cycle = 1; cycle <= Math.min(MAX_CYCLE, recent.length); cycle++) {
      const run = recent[recent.length - cycle] === id ? (runs[cycle] ?? 0) + 1 : 0;
      runs[cycle] = run;
      if (run + cycle >= Math.max(MIN_LOOP_TOKENS, MIN_REPETITIONS * cycle)) isLoop = true;
    }
    recent.push(id);
    if (recent.length > MAX_CYCLE) recent.shift();
    return isLoop;
  };
}
