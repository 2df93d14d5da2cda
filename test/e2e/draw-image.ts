import sharp from 'sharp';

/** Draws a PNG with a pattern that compresses badly. */
export async function drawImage(width: number, height: number): Promise<Buffer> {
  const noise = { type: 'gaussian' as const, mean: 128, sigma: 20 };
  const size = { width: Math.min(width, 400), height: Math.min(height, 400) };
  const tile = await sharp({ create: { ...size, channels: 3, background: '#888', noise } })
    .png()
    .toBuffer();
  if (width <= 400 && height <= 400) return tile;
  return await sharp({ create: { width, height, channels: 3, background: '#262' } })
    .composite([{ input: tile, left: 0, top: 0 }])
    .png()
    .toBuffer();
}
