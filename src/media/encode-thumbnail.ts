import sharp from 'sharp';

import { THUMBNAIL_SIDE_PIXELS } from '../config/limits.js';
import type { DecodedImage } from './decoded-image.js';

/** Encodes an image as WebP with THUMBNAIL_SIDE_PIXELS on its longer side, or its own size if it is smaller. */
export async function encodeThumbnail({ width, height, data }: DecodedImage): Promise<Uint8Array> {
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize(THUMBNAIL_SIDE_PIXELS, THUMBNAIL_SIDE_PIXELS, {
      fit: 'inside',
      withoutEnlargement: true,
    })
    .webp({ quality: 80 })
    .toBuffer();
}
