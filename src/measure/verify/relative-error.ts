/**
 * How far a vector is from the reference, as a share of the reference's length: 0 for the same, 1 for one as far off as
 * all zeros. @throws RangeError for two lengths.
 */
export function relativeError(reference: Float32Array, values: Float32Array): number {
  if (reference.length !== values.length) {
    throw new RangeError(`${values.length} values cannot be compared with ${reference.length}.`);
  }
  let difference = 0;
  let size = 0;
  for (let i = 0; i < values.length; i++) {
    const expected = reference[i] ?? NaN;
    difference += (expected - (values[i] ?? NaN)) ** 2;
    size += expected ** 2;
  }
  if (difference === 0) return 0;
  return Math.sqrt(difference / size);
}
