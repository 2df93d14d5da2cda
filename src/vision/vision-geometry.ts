import type { ImageProcessorConfig, VisionLayout } from '../models/package/manifest.js';

/** In pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** Model constants that determine the tiles and the number of visual tokens of images and videos. */
export interface VisionGeometry {
  readonly layout: VisionLayout;
  readonly imageProcessor: ImageProcessorConfig;
  /** `null` if the model takes no videos. */
  readonly videoProcessor: ImageProcessorConfig | null;
  /** Patches along one side of a tile: `image_size // patch_size` of the vision encoder. */
  readonly patchesPerSide: number;
  /** Image features of one tile. With the layout `anyres`: its patches. */
  readonly featuresPerTile: number;
}

/** Grid of tiles that covers the image (anyres), in addition to the base tile. */
export interface TileGrid {
  readonly rows: number;
  readonly columns: number;
}
