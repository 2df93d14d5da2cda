import type { ImageProcessorConfig } from '../models/package/manifest.js';
import { createTensor, type FloatTensor } from '../tensor/tensor.js';

const CHANNELS = 3;

/**
 * Turns RGB tiles into the model's input: bytes rescaled, normalised, one plane a channel.
 *
 * Each step is rounded to float32 as numpy does in Hugging Face's PIL backend, so the values are equal bit for bit.
 *
 * @param tiles as `tileImage` returns them
 * @returns [tiles, 3, height, width]
 */
export function normalizeTiles(
  tiles: readonly Uint8Array[],
  imageProcessor: ImageProcessorConfig,
): FloatTensor {
  const { width, height } = imageProcessor.tileSize;
  const planeSize = width * height;
  const data = new Float32Array(tiles.length * CHANNELS * planeSize);
  const values = [0, 1, 2].map((channel) => valueOfEachByte(imageProcessor, channel));

  // [height, width, 3] -> [3, height, width]
  let target = 0;
  for (const tile of tiles) {
    if (tile.length !== planeSize * CHANNELS) {
      throw new RangeError(`A tile has ${tile.length} bytes, not ${planeSize * CHANNELS}.`);
    }
    values.forEach((valueOf, channel) => {
      for (let source = channel; source < tile.length; source += CHANNELS) {
        data[target++] = valueOf[tile[source] as number] as number;
      }
    });
  }
  return createTensor([tiles.length, CHANNELS, height, width], data);
}

function valueOfEachByte(
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
