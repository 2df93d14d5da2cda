import type { SampledArray } from './stored-arrays.js';

/** The difference of values from their reference. */
export interface Distance {
  readonly maxAbs: number;
  readonly cosine: number;
}

export function measureDistance(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): Distance & { readonly meanAbs: number } {
  if (actual.length !== expected.length || actual.length === 0) {
    throw new RangeError(`Expected ${expected.length} values, received ${actual.length}.`);
  }
  let [maxAbs, sumAbs, product, actualSquares, expectedSquares] = [0, 0, 0, 0, 0];
  for (let i = 0; i < actual.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    const difference = Math.abs(a - e);
    // This comparison propagates NaN, which then breaks every bound.
    maxAbs = difference <= maxAbs ? maxAbs : difference;
    sumAbs += difference;
    product += a * e;
    actualSquares += a * a;
    expectedSquares += e * e;
  }
  const norm = Math.sqrt(actualSquares * expectedSquares);
  return { maxAbs, meanAbs: sumAbs / actual.length, cosine: norm === 0 ? 1 : product / norm };
}

/** Every `stride`-th value, starting with the first. */
export function sample(values: Float32Array, stride: number): Float32Array {
  return Float32Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => {
    return values[i * stride]!;
  });
}

/**
 * Compares an array with the stored samples of its reference. The mean, root mean square and maximum of the whole array
 * are compared too, so that an error between the samples shows.
 */
export function measureSampled(
  actual: { readonly shape: readonly number[]; readonly data: Float32Array },
  expected: SampledArray,
  samples: ArrayLike<number>,
): Distance {
  if (actual.shape.join() !== expected.shape.join()) {
    throw new RangeError(
      `Expected the shape [${expected.shape.join()}], received [${actual.shape.join()}].`,
    );
  }
  const { maxAbs, cosine } = measureDistance(sample(actual.data, expected.stride), samples);
  let [sumAbs, squares, largest] = [0, 0, 0];
  for (const value of actual.data) {
    const size = Math.abs(value);
    sumAbs += size;
    squares += value * value;
    largest = size <= largest ? largest : size;
  }
  const differences = [
    sumAbs / actual.data.length - expected.meanAbs,
    Math.sqrt(squares / actual.data.length) - expected.rootMeanSquare,
    largest - expected.maxAbs,
  ];
  return { maxAbs: Math.max(maxAbs, ...differences.map(Math.abs)), cosine };
}
