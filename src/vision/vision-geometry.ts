import type { ImageProcessorConfig } from '../models/package/manifest.js';

/** Pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** What of a model decides how a picture is cut into tiles and how many tokens it becomes. */
export interface VisionGeometry {
  readonly imageProcessor: ImageProcessorConfig;
  /** Patches along one side of a tile: image size // patch size. */
  readonly patchesPerSide: number;
}

/** Tiles over which the whole picture is spread, beside the base tile. */
export interface TileGrid {
  readonly rows: number;
  readonly columns: number;
}
