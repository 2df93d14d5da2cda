import type { Size, TileGrid, VisionGeometry } from './vision-geometry.js';

/**
 * Number of visual tokens of an image.
 *
 * With the layout `single-tile`: the features of its tile. With the layout `anyres` and no grid: the patches of the
 * base tile and one image newline. With a grid: the patches of the base tile, then the packed rows of the grid, each
 * followed by one image newline.
 */
export function countVisualTokens(
  size: Size,
  grid: TileGrid | null,
  geometry: VisionGeometry,
): number {
  const { featuresPerTile, layout } = geometry;
  if (layout.kind === 'single-tile') return featuresPerTile;
  if (grid === null) return featuresPerTile + 1;
  const { packed } = layOutFeatures(size, grid, geometry);
  return featuresPerTile + packed.rows * (packed.columns + 1);
}

/** Number of visual tokens of a video: the pooled patches of each frame, and one image newline at the end. */
export function countVideoTokens(
  frames: number,
  geometry: Pick<VisionGeometry, 'patchesPerSide'>,
): number {
  return frames * countFrameTokens(geometry) + 1;
}

/** Number of visual tokens of a frame, without the image newline of the video. */
export function countFrameTokens({
  patchesPerSide,
}: Pick<VisionGeometry, 'patchesPerSide'>): number {
  return pooledSide(patchesPerSide) ** 2;
}

/** Patches along one side of a pooled frame: half of a tile's, rounded up. */
export function pooledSide(patchesPerSide: number): number {
  return Math.ceil(patchesPerSide / 2);
}

/** Which features of a grid become visual tokens, in patches. */
interface FeatureLayout {
  /** The patches of the grid without padding. A thin image may have 0 rows or columns. */
  readonly unpadded: {
    readonly top: number;
    readonly left: number;
    readonly rows: number;
    readonly columns: number;
  };
  /** Size after the token cap (`anyres_max_N`): the size of `unpadded`, or smaller and then interpolated. */
  readonly packed: { readonly rows: number; readonly columns: number };
}

/** Features are shrunk only above this ratio to the cap per side. From LLaVA-NeXT. */
const CAP_SLACK = 1.1;

/**
 * Computes the unpadded region of a grid and its size after the token cap.
 *
 * Source: `unpad_image` and `pack_image_features` of Hugging Face transformers (modeling_llava_next.py without the cap,
 * modeling_llava_onevision.py). One difference: interpolation to 0 rows or columns fails there, here it gives 1.
 */
export function layOutFeatures(
  size: Size,
  grid: TileGrid,
  { layout, patchesPerSide }: Pick<VisionGeometry, 'layout' | 'patchesPerSide'>,
): FeatureLayout {
  const rows = grid.rows * patchesPerSide;
  const columns = grid.columns * patchesPerSide;

  let top = 0;
  let left = 0;
  if (size.width / size.height > columns / rows) {
    const imageRows = truncateRounded(size.height * (columns / size.width));
    top = Math.floor((rows - imageRows) / 2);
  } else {
    const imageColumns = truncateRounded(size.width * (rows / size.height));
    left = Math.floor((columns - imageColumns) / 2);
  }
  const unpadded = { top, left, rows: rows - top * 2, columns: columns - left * 2 };

  const cap = layout.kind === 'anyres' ? layout.maxTilesCap : null;
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
 * Python's `int(round(value, 7))`. On ties `toFixed` rounds up and Python rounds to even. Ties are odd multiples of
 * 1/256 and never adjacent to a whole number, so truncation gives the same result.
 */
function truncateRounded(value: number): number {
  return Math.trunc(Number(value.toFixed(7)));
}

/** Python's `//` for positive numbers. `Math.floor(dividend / divisor)` may round up to the next integer. */
function floorDivide(dividend: number, divisor: number): number {
  return Math.round((dividend - (dividend % divisor)) / divisor);
}
