/** A dense row-major float32 array with its shape: what crosses the borders between the layers. */
export interface FloatTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Wraps `data`, or zeros, in a shape.
 *
 * @throws RangeError when a dimension is not a whole number of at least 0 or the length does not match.
 */
export function createTensor(shape: readonly number[], data?: Float32Array): FloatTensor {
  const length = elementCount(shape);
  const values = data ?? new Float32Array(length);
  if (values.length !== length) {
    throw new RangeError(
      `Shape [${shape.join(', ')}] needs ${length} values, not ${values.length}.`,
    );
  }
  return { shape: [...shape], data: values };
}

/**
 * How many values a shape holds; 1 for a scalar's empty shape.
 *
 * @throws RangeError when a dimension is not a whole number of at least 0 or the product is not exact.
 */
export function elementCount(shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isSafeInteger(size) || size < 0) {
      throw new RangeError(`${size} is not the size of a dimension.`);
    }
    count *= size;
    // An inexact product would let a shape match a length it does not have.
    if (!Number.isSafeInteger(count)) throw new RangeError('The shape holds too many values.');
  }
  return count;
}
