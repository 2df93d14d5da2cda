import type { LayerErrors } from './verify-result.js';

/** The layer after which the residual stream differs most from the reference. */
export interface WorstLayer {
  readonly part: keyof LayerErrors;
  /** Counts from 1. */
  readonly layer: number;
  /** Layers of the part. */
  readonly layers: number;
  /** Mean relative error. */
  readonly error: number;
}

/** NaN is worse than any number. @throws RangeError if there are no layers. */
export function findWorstLayer(errors: LayerErrors): WorstLayer {
  const all = (['visionEncoder', 'decoder'] as const).flatMap((part) =>
    errors[part].map((error, index) => ({
      ...{ part, layer: index + 1, layers: errors[part].length, error },
    })),
  );
  const [first, ...others] = all;
  if (!first) throw new RangeError('There are no layers.');
  return others.reduce((worst, one) => (isWorse(one.error, worst.error) ? one : worst), first);
}

function isWorse(error: number, than: number): boolean {
  return Number.isNaN(error) ? !Number.isNaN(than) : error > than;
}
