/** Text that may be shown, and whether a stop string ended it. */
interface StopCheck {
  readonly text: string;
  readonly isStopped: boolean;
}

/** Watches a stream of text for stop strings. */
export interface StopStringFilter {
  /** Takes in more text and lets out what can no longer become part of a stop string. */
  push(text: string): StopCheck;
  /** Lets out what is held back; no stop string came of it. */
  end(): string;
}

/**
 * Cuts a stream before the stop string that is complete first; the longest of those that end at the same place. So the
 * outcome does not depend on where the stream is split. Empty stop strings are ignored.
 */
export function createStopStringFilter(stopStrings: readonly string[]): StopStringFilter {
  const stops = stopStrings.filter((stop) => stop !== '');
  let held = '';
  return {
    push(text) {
      held += text;
      const match = firstMatch(held, stops);
      if (match !== undefined) {
        const shown = held.slice(0, match);
        held = '';
        return { text: shown, isStopped: true };
      }
      const shown = held.slice(0, held.length - undecidedLength(held, stops));
      held = held.slice(shown.length);
      return { text: shown, isStopped: false };
    },
    end() {
      const rest = held;
      held = '';
      return rest;
    },
  };
}

/** Where the match that ends first begins. */
function firstMatch(text: string, stops: readonly string[]): number | undefined {
  let best: { start: number; end: number } | undefined;
  for (const stop of stops) {
    const start = text.indexOf(stop);
    if (start === -1) continue;
    const end = start + stop.length;
    if (!best || end < best.end || (end === best.end && start < best.start)) best = { start, end };
  }
  return best?.start;
}

/** The length of the longest end of the text that is the beginning of a stop string. */
function undecidedLength(text: string, stops: readonly string[]): number {
  let longest = 0;
  for (const stop of stops) {
    for (let length = Math.min(stop.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(stop.slice(0, length))) longest = length;
    }
  }
  return longest;
}

/** Longest cycle, in tokens, that is looked for. */
const MAX_CYCLE = 32;

/**
 * A cycle counts as a loop after 16 exact repetitions and at least 96 tokens: a rule of dashes, a list of equal items or
 * a refrain stay below that, and a small model that has lost its way goes past it at once.
 */
const MIN_REPETITIONS = 16;
const MIN_LOOP_TOKENS = 96;

/** Takes in one id after the other and says whether the last ones are an exact cycle, repeated many times. */
export function createLoopDetector(): (id: number) => boolean {
  const recent: number[] = [];
  // For each cycle length: how many ids in a row equal the one a cycle before.
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
