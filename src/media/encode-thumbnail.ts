import sharp from 'sharp';

import type { DecodedImage } from './decoded-image.js';

/** Encodes an image as WebP with `sidePixels` on its longer side, or its own size if it is smaller. */
export async function encodeThumbnail(
  { width, height, data }: DecodedImage,
  sidePixels: number,
): Promise<Uint8Array> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(sidePixels, sidePixels, {
      fit: 'inside',
      withoutEnlargement: true,
    })
    .webp({ quality: 80 })
    .toBuffer();
}
