/** The steps of a pull for each weight file. `finish` follows the last file. */
export const STEPS = ['download', 'check', 'convert'] as const;

/** A step of a pull. */
export interface WorkPoint {
  /** The index of the weight file; for `finish` the number of files. */
  readonly file: number;
  readonly step: (typeof STEPS)[number] | 'finish';
}

/** The point at which a process is killed. */
export interface KillPoint extends WorkPoint {
  /** The share of the step's bytes done by then, from 0 to 1. */
  readonly share: number;
}

/**
 * Chooses random kill points over all steps, in ascending order. Every byte has the same probability, whether it is
 * downloaded, checked, converted or read from the finished package.
 *
 * @param sizes bytes of the weight files, in download order.
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
    throw new Error('The kill point is beyond the last step.');
  });
}

/** Compares two kill points for sorting. */
export function comparePoints(a: WorkPoint, b: WorkPoint): number {
  return a.file - b.file || stepIndex(a) - stepIndex(b);
}

function stepIndex({ step }: WorkPoint): number {
  return step === 'finish' ? STEPS.length : STEPS.indexOf(step);
}
