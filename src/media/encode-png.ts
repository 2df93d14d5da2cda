import sharp from 'sharp';

import type { DecodedImage } from './decode-image.js';

/** Encodes an image as PNG, without loss. */
export async function encodePng({ width, height, data }: DecodedImage): Promise<Uint8Array> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
