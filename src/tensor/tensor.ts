/** A dense row-major float32 tensor, the exchange format between the layers. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Creates a tensor of `data`, or of zeros.
 *
 * @throws RangeError if a dimension is not a whole number of at least 0, or the length of `data` does not match
 */
export function createTensor(shape: readonly number[], data?: Float32Array): FloatTensor {
  const length = elementCount(shape);
  const values = data ?? new Float32Array(length);
  if (values.length !== length) {
    throw new RangeError(
      `Shape [${shape.join(', ')}] needs ${length} values, got ${values.length}.`,
    );
  }
  return { shape: [...shape], data: values };
}

/**
 * The number of values of a shape; 1 for the empty shape of a scalar.
 *
 * @throws RangeError if a dimension is not a whole number of at least 0, or the product is not a safe integer
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`${size} is not a valid dimension: use a whole number of at least 0.`);
    }
    count *= size;
    // An inexact product could match a wrong length.
    if (!Number.isSafeInteger(count))
      throw new RangeError('The shape has more than 2^53 - 1 values.');
  }
  return count;
}
