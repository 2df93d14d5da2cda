/** What a pull does to each weight file in turn; after the last one it finishes. */
export const STEPS = ['download', 'check', 'convert'] as const;

/** A place in the making of a package. */
export interface WorkPoint {
  /** Which weight file, from 0; for `finish` their number. */
  readonly file: number;
  readonly step: (typeof STEPS)[number] | 'finish';
}

/** Where a process dies. */
export interface KillPoint extends WorkPoint {
  /** How much of the step's bytes it has done by then, from 0 to 1. */
  readonly share: number;
}

/**
 * Points at random over the whole work, in its order. Every byte counts alike, whether it is fetched, checked, converted,
 * or in the end read from the package.
 *
 * @param sizes bytes of the weight files, in the order in which they are worked on.
 */
export function chooseKillPoints(
  count: number,
  sizes: readonly number[],
  packageBytes: number,
  random: () => number,
): KillPoint[] {
  const stretches = [
    ...sizes.flatMap((bytes, file) => STEPS.map((step) => ({ file, step, bytes }))),
    { file: sizes.length, step: 'finish' as const, bytes: packageBytes },
  ];
  const total = stretches.reduce((sum, { bytes }) => sum + bytes, 0);
  const places = Array.from({ length: count }, () => random() * total).sort((a, b) => a - b);
  return places.map((place) => {
    let left = place;
    for (const { file, step, bytes } of stretches) {
      if (left < bytes) return { file, step, share: left / bytes };
      left -= bytes;
    }
    throw new Error('A point lies behind the end.');
  });
}

/** The order of points: negative when the first comes earlier. */
export function comparePoints(a: WorkPoint, b: WorkPoint): number {
  return a.file - b.file || stepIndex(a) - stepIndex(b);
}

function stepIndex({ step }: WorkPoint): number {
  return step === 'finish' ? STEPS.length : STEPS.indexOf(step);
}
