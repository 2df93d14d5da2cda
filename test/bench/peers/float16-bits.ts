const SMALLEST_NORMAL = 2 ** -14;
const LARGEST = 65_504;

/** The bits of the nearest IEEE 754 binary16 number, ties to even. @throws RangeError beyond 65,504 */
export function numberToFloat16(value: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude <= LARGEST))
    throw new RangeError(`${value} is beyond the range of float16, ${LARGEST}.`);
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (magnitude < SMALLEST_NORMAL) return sign | roundToEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  // A carry out of the fraction increments the exponent.
  return sign | (((exponent + 15) << 10) + roundToEven((magnitude / 2 ** exponent - 1) * 1024));
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
