/** RGB, row-major: `width * height * 3` bytes. */
interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Mean absolute difference of all samples in levels; infinite for another size. */
export function meanError(a: Pixels, b: Pixels): number {
  if (a.width !== b.width || a.height !== b.height) return Infinity;
  let sum = 0;
  for (let at = 0; at < a.data.length; at++) {
    sum += Math.abs((a.data[at] as number) - (b.data[at] as number));
  }
  return sum / a.data.length;
}
