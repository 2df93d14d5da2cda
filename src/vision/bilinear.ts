/** Where one output position reads: between two input positions, `weight` of the way to the second. */
interface AxisSample {
  readonly first: number;
  readonly second: number;
  readonly weight: number;
}

/**
 * Positions of torch's bilinear `interpolate` with `align_corners=False`: patch centres on patch centres, in
 * float32 as there. Without a change of size every weight is 0.
 *
 * @param offset added to every position that is read
 */
export function sampleAxis(inputSize: number, outputSize: number, offset: number): AxisSample[] {
  const scale = Math.fround(inputSize / outputSize);
  return Array.from({ length: outputSize }, (_, position) => {
    const centre = Math.fround(scale * (position + 0.5) - 0.5);
    const source = Math.max(centre, 0);
    const first = Math.min(Math.floor(source), inputSize - 1);
    return {
      first: offset + first,
      second: offset + Math.min(first + 1, inputSize - 1),
      weight: Math.min(Math.fround(source - first), 1),
    };
  });
}

/**
 * Writes the value between four patches.
 *
 * @param target [hidden]
 * @param patchAt the features of one patch, [hidden]
 */
export function interpolate(
  target: Float32Array,
  patchAt: (y: number, x: number) => Float32Array,
  y: AxisSample,
  x: AxisSample,
): void {
  if (y.weight === 0 && x.weight === 0) {
    target.set(patchAt(y.first, x.first));
    return;
  }
  const [topLeft, topRight] = [patchAt(y.first, x.first), patchAt(y.first, x.second)];
  const [bottomLeft, bottomRight] = [patchAt(y.second, x.first), patchAt(y.second, x.second)];
  const [down, right] = [y.weight, x.weight];
  for (let i = 0; i < target.length; i++) {
    const top = (topLeft[i] as number) * (1 - right) + (topRight[i] as number) * right;
    const bottom = (bottomLeft[i] as number) * (1 - right) + (bottomRight[i] as number) * right;
    target[i] = top * (1 - down) + bottom * down;
  }
}
