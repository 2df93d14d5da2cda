import type { ImageProcessorConfig } from '../models/package/manifest.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';

const CHANNELS = 3;

/**
 * Rescales and normalizes RGB tiles to `pixel_values`, the input of the vision encoder, and transposes them to planes.
 *
 * Bit-equal to the PIL image processors of Hugging Face transformers: each step is rounded to float32, as in
 * NumPy.
 *
 * @param tiles RGB bytes, as `tileImage` returns them
 * @returns [tiles, 3, height, width]
 */
export function normalizeTiles(
  tiles: readonly Uint8Array[],
  imageProcessor: ImageProcessorConfig,
): FloatTensor {
  const { width, height } = imageProcessor.tileSize;
  const planeSize = width * height;
  const data = new Float32Array(tiles.length * CHANNELS * planeSize);
  const tables = [0, 1, 2].map((channel) => normalizedBytes(imageProcessor, channel));

  // [height, width, 3] -> [3, height, width]
  let target = 0;
  for (const tile of tiles) {
    if (tile.length !== planeSize * CHANNELS) {
      throw new RangeError(`A tile has ${tile.length} bytes, expected ${planeSize * CHANNELS}.`);
    }
    tables.forEach((table, channel) => {
      for (let source = channel; source < tile.length; source += CHANNELS) {
        data[target++] = table[tile[source] as number] as number;
      }
    });
  }
  return createTensor([tiles.length, CHANNELS, height, width], data);
}

/** The normalized value of each byte in a channel, [256]. */
function normalizedBytes(
  { rescaleFactor, mean, std }: ImageProcessorConfig,
  channel: number,
): Float32Array {
  const channelMean = Math.fround(mean[channel] as number);
  const channelStd = Math.fround(std[channel] as number);
  return Float32Array.from({ length: 256 }, (_, byte) => {
    const rescaled = Math.fround(byte * rescaleFactor);
    return Math.fround(rescaled - channelMean) / channelStd;
  });
}
