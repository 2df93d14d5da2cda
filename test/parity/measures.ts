import type { SampledArray } from './stored-arrays.js';

/** How far values are from their reference. */
export interface Distance {
  readonly maxAbs: number;
  readonly cosine: number;
}

export function measureDistance(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
): Distance & { readonly meanAbs: number } {
  if (actual.length !== expected.length || actual.length === 0) {
    throw new RangeError(`${actual.length} values where ${expected.length} are expected.`);
  }
  let [maxAbs, sumAbs, product, actualSquares, expectedSquares] = [0, 0, 0, 0, 0];
  for (let i = 0; i < actual.length; i++) {
    const [a, e] = [actual[i]!, expected[i]!];
    const difference = Math.abs(a - e);
    // Written so that a NaN stays one and breaks every bound.
    maxAbs = difference <= maxAbs ? maxAbs : difference;
    sumAbs += difference;
    product += a * e;
    actualSquares += a * a;
    expectedSquares += e * e;
  }
  const norm = Math.sqrt(actualSquares * expectedSquares);
  return { maxAbs, meanAbs: sumAbs / actual.length, cosine: norm === 0 ? 1 : product / norm };
}

/** Every `stride`-th value, from the first on. */
export function sample(values: Float32Array, stride: number): Float32Array {
  return Float32Array.from({ length: Math.ceil(values.length / stride) }, (_, i) => {
    return values[i * stride]!;
  });
}

/**
 * Distance of a whole array from its samples. The figures over the whole array are compared too and count as
 * a difference each, so that what lies between the samples cannot hide.
 */
export function measureSampled(
  actual: { readonly shape: readonly number[]; readonly data: Float32Array },
  expected: SampledArray,
  samples: ArrayLike<number>,
): Distance {
  if (actual.shape.join() !== expected.shape.join()) {
    throw new RangeError(`Shape [${actual.shape.join()}] where [${expected.shape.join()}] was.`);
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
