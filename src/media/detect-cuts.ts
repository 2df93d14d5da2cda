/** A time where one picture gives way to another. */
export interface Cut {
  readonly seconds: number;
  /** Mean difference of the two pictures, 0 to 1. */
  readonly strength: number;
}

/** A small picture at a time. */
export interface Thumbnail {
  readonly seconds: number;
  /** All of one length. */
  readonly data: Uint8Array;
}

export interface CutDetector {
  add(thumbnail: Thumbnail): void;
  /** Every cut among what was added, in order. */
  finish(): readonly Cut[];
}

/** Mean difference below which two pictures count as the same shot, of the full range. */
const MIN_DIFFERENCE = 0.1;
/** A cut differs by this factor more than the frames around it, whose differences are motion. */
const MIN_RATIO = 3;
/** Differences on either side that count as around. */
const NEIGHBOURS = 4;
/** A shot that ends sooner is a flash or a fade. */
const MIN_SHOT_SECONDS = 0.4;

/**
 * Finds hard cuts by the mean difference of neighbouring thumbnails. `dense` thumbnails are neighbouring frames,
 * and a cut has to stand out from the motion around it; `sparse` ones are seconds apart, and their difference alone decides.
 *
 * What it does not find: dissolves and slow fades, cuts between pictures of the same colours in the same places. What
 * it takes for cuts: flashes that last, and in sparse clips fast motion of the whole picture.
 */
export function createCutDetector(spacing: 'dense' | 'sparse'): CutDetector {
  const differences: Cut[] = [];
  let previous: Thumbnail | null = null;

  return {
    add(thumbnail) {
      if (previous) {
        const strength = meanDifference(previous.data, thumbnail.data);
        differences.push({ seconds: thumbnail.seconds, strength });
      }
      previous = thumbnail;
    },
    finish() {
      const cuts = differences.filter(
        ({ strength }, index) =>
          strength >= MIN_DIFFERENCE &&
          (spacing === 'sparse' || strength >= MIN_RATIO * motionAround(differences, index)),
      );
      return dropShortShots(cuts);
    },
  };
}

function meanDifference(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  let sum = 0;
  for (let i = 0; i < length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / length / 255;
}

/** Median of the differences around one: another cut among them does not raise it. */
function motionAround(differences: readonly Cut[], index: number): number {
  const around = [
    ...differences.slice(Math.max(index - NEIGHBOURS, 0), index),
    ...differences.slice(index + 1, index + 1 + NEIGHBOURS),
  ];
  const sorted = around.map(({ strength }) => strength).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/** Of two cuts that leave no shot between them the stronger stays. */
function dropShortShots(cuts: readonly Cut[]): Cut[] {
  const kept: Cut[] = [];
  for (const cut of cuts) {
    const last = kept.at(-1);
    if (!last || cut.seconds - last.seconds >= MIN_SHOT_SECONDS) kept.push(cut);
    else if (cut.strength > last.strength) kept[kept.length - 1] = cut;
  }
  return kept;
}
