import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';

/**
 * Number of embeddings, and so of placeholder ids, that one picture becomes.
 *
 * With a grid: the base tile's patches, then the packed rows, each followed by one newline. Without: the base
 * tile's patches and one newline.
 */
export function countVisualTokens(
  size: Size,
  grid: TileGrid | null,
  geometry: VisionGeometry,
): number {
  const baseTokens = geometry.patchesPerSide ** 2;
  if (grid === null) return baseTokens + 1;
  const { packed } = layOutFeatures(size, grid, geometry);
  return baseTokens + packed.rows * (packed.columns + 1);
}

/** Number of embeddings that a clip becomes: the pooled patches of each frame and one newline at the very end. */
export function countVideoTokens(frames: number, geometry: VisionGeometry): number {
  return frames * countFrameTokens(geometry) + 1;
}

/** Number of embeddings of one frame, without the clip's newline. */
export function countFrameTokens({ patchesPerSide }: VisionGeometry): number {
  return pooledSide(patchesPerSide) ** 2;
}

/** Patches along one side of a pooled frame: half, an odd one rounded up. */
export function pooledSide(patchesPerSide: number): number {
  return Math.ceil(patchesPerSide / 2);
}

/** Which features of the spread tiles become tokens. Units: patches. */
interface FeatureLayout {
  /** The part of all tiles' patches that shows picture and not padding. A thin picture may leave 0. */
  readonly unpadded: {
    readonly top: number;
    readonly left: number;
    readonly rows: number;
    readonly columns: number;
  };
  /** Size after the cap on tokens: equal to `unpadded`, or smaller and then interpolated. */
  readonly packed: { readonly rows: number; readonly columns: number };
}

/** A picture is only shrunk when it is at least this much over the cap on a side. From LLaVA-NeXT. */
const CAP_SLACK = 1.1;

/**
 * Says where the picture lies on the patches of a grid of tiles, and to how many patches it is cut.
 *
 * Same numbers as `unpad_image` and `pack_image_features` of Hugging Face's LLaVA-OneVision, which its processor repeats
 * for counting. Where interpolation to 0 rows or columns would fail there, one is kept here.
 */
export function layOutFeatures(
  size: Size,
  grid: TileGrid,
  { imageProcessor, patchesPerSide }: VisionGeometry,
): FeatureLayout {
  const rows = grid.rows * patchesPerSide;
  const columns = grid.columns * patchesPerSide;

  let top = 0;
  let left = 0;
  if (size.width / size.height > columns / rows) {
    const picture = truncateRounded(size.height * (columns / size.width));
    top = Math.floor((rows - picture) / 2);
  } else {
    const picture = truncateRounded(size.width * (rows / size.height));
    left = Math.floor((columns - picture) / 2);
  }
  const unpadded = { top, left, rows: rows - top * 2, columns: columns - left * 2 };

  const cap = imageProcessor.maxTilesCap;
  if (cap === null) return { unpadded, packed: unpadded };
  const ratio = Math.sqrt((unpadded.rows * unpadded.columns) / (cap * patchesPerSide ** 2));
  if (ratio <= CAP_SLACK) return { unpadded, packed: unpadded };
  return {
    unpadded,
    packed: {
      rows: Math.max(floorDivide(unpadded.rows, ratio), 1),
      columns: Math.max(floorDivide(unpadded.columns, ratio), 1),
    },
  };
}

/**
 * Python's `int(round(value, 7))`. On ties `toFixed` goes up and Python goes to even; ties are odd multiples
 * of 1/256, never next to a whole number, so truncation makes them equal.
 */
function truncateRounded(value: number): number {
  return Math.trunc(Number(value.toFixed(7)));
}

/** Python's `//` for positive numbers: exact, where rounding of `dividend / divisor` may reach the next integer. */
function floorDivide(dividend: number, divisor: number): number {
  return Math.round((dividend - (dividend % divisor)) / divisor);
}
