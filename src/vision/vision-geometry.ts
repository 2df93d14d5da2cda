import type { ImageProcessorConfig } from '../models/package/manifest.js';

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Model constants that determine the tiles and the number of visual tokens of an image. */
export interface VisionGeometry {
  readonly imageProcessor: ImageProcessorConfig;
  /** Patches along one side of a tile: `image_size // patch_size` of the vision encoder. */
  readonly patchesPerSide: number;
}

/** Grid of tiles that covers the image (anyres), in addition to the base tile. */
export interface TileGrid {
  readonly rows: number;
  readonly columns: number;
}
